// SPDX-License-Identifier: MIT
//
// What is seen of any plugin from outside: while it is mapped, while it is opened, and whether all that it
// does can be seen.
#include "conformance/check.hpp"
#include "conformance/mail_rounds.hpp"
#include "conformance/operation_log.hpp"
#include "conformance/process_state.hpp"
#include "conformance/scarcity.hpp"
#include "conformance/share.hpp"
#include "conformance/tracer.hpp"
#include "conformance/tree_rounds.hpp"
#include "conformance/trial.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <string>

namespace pigeon::conformance {
namespace {

constexpr const char* kLoading = "pigeon/abi/plugin.h, Loading";
constexpr const char* kLife = "pigeon/abi/plugin.h, Life";
constexpr int kSeconds = 300;  // on a machine that has other things to do; a tenth of it else

Finding is_mapped_without_effects(Trial& trial) {
  OperationLog log(trial.directory());
  const auto met = trace(
      [&](Stage& stage) {
        stage.begin();
        const void* mapped = ::dlopen(trial.path().c_str(), RTLD_NOW | RTLD_LOCAL);
        stage.end();
        stage.say(mapped != nullptr ? "" : ::dlerror());
      },
      {}, &log);
  if (!met.broken.empty()) return Finding::skipped(met.broken);
  PIGEON_EXPECT(met.ended() && !met.said.empty(), "mapped the file", "an end", met.how_it_ended());
  PIGEON_EXPECT(met.said.front().empty(), "mapped the file", "success", met.said.front());
  for (const auto& call : met.calls) {
    PIGEON_EXPECT(!changes_state(call), "mapped the file", "no call that changes anything",
                  name_of(call.number));
  }
  for (const auto& [number, count] : met.entered) {
    PIGEON_EXPECT((traits_of(number) & (kProcess | kTalks | kHides)) == 0, "mapped the file",
                  "no call that starts, changes or talks to a process", name_of(number));
  }
  return Finding::passed();
}

// Opens and initializes, says what came of it, and what is left when it is closed; then does so again,
// unwatched.
Work opening_again(Trial& trial) {
  return [&trial](Stage& stage) {
    const auto settings = trial.settings();
    if (!settings) return stage.say(Answer(settings.failure()).text());
    const auto before = ProcessState::now();
    const auto open = [&]() -> Done {
      auto opened = PIGEON_TRY(trial.open_with(*settings));
      stage.begin();
      auto made = opened->initialize();
      stage.end();
      return made;
    };
    stage.begin();
    const auto first = open();
    stage.end();
    stage.say(Answer(first).text());
    stage.say(difference(before, ProcessState::now()));
    const auto again = trial.open();
    stage.say(Answer(again ? (*again)->check() : Done(again.failure())).text());
  };
}

Finding fail_opening(Trial& trial, const Share& share) {
  const auto here = [&](std::size_t number) {
    const auto directory = trial.directory() + "/" + std::to_string(number);
    ::mkdir(directory.c_str(), 0700);
    return trial.elsewhere(directory);
  };
  auto first = here(0);
  const auto peace = trace(opening_again(first));
  if (!peace.broken.empty()) return Finding::skipped(peace.broken);
  PIGEON_EXPECT(peace.ended() && !peace.said.empty(), "opened and initialized an instance", "an end",
                peace.how_it_ended());
  const auto opened = Answer::parse(peace.said.front());
  PIGEON_EXPECT(opened.is_ok(), "opened and initialized an instance", "success", opened.shown());
  std::size_t number = 0;
  for (std::size_t at = 0; at < peace.calls.size(); ++at) {
    for (const int error : errors_of(peace.calls[at])) {
      if (!share.takes(++number)) continue;
      auto own = here(number);
      const auto done = "opened and initialized an instance, and made " + shown_call(peace, at) +
                        ", fail with " + name_of_error(error);
      const auto met = trace(opening_again(own), {Tampering::Way::fail, at, error});
      PIGEON_EXPECT(met.ended() && met.said.size() == 3, done, "an answer", met.how_it_ended());
      const auto answer = Answer::parse(met.said[0]);
      PIGEON_EXPECT(answer.is_ok() || answer.is_temporary(), done, "success, or a temporary failure",
                    answer.shown());
      PIGEON_EXPECT(met.said[1].empty(), done + ", and closed it", "the process as it was", met.said[1]);
      const auto again = Answer::parse(met.said[2]);
      PIGEON_EXPECT(again.is_ok(), done + ", then did so again, and checked", "success", again.shown());
    }
  }
  return Finding::passed();
}

Finding starve_opening(Trial& trial, const Share& share) {
  std::string directory;
  const auto judge = [](const Trace& met, const std::string& done) -> Finding {
    PIGEON_EXPECT(met.said.size() == 3, done, "an answer", std::to_string(met.said.size()) + " of 3");
    const auto answer = Answer::parse(met.said[0]);
    PIGEON_EXPECT(answer.is_ok() || answer.is_temporary(), done, "success, or a temporary failure",
                  answer.shown());
    PIGEON_EXPECT(met.said[1].empty(), done + ", and closed it", "the process as it was", met.said[1]);
    const auto again = Answer::parse(met.said[2]);
    PIGEON_EXPECT(again.is_ok(), done + ", then opened it again, and checked", "success", again.shown());
    return Finding::passed();
  };
  const auto prepare = [&](std::size_t number) {
    directory = trial.directory() + "/" + std::to_string(number);
    return ::mkdir(directory.c_str(), 0700) == 0 ? std::string() : "no directory";
  };
  Work work = [&](Stage& stage) {
    auto own = trial.elsewhere(directory);
    opening_again(own)(stage);
  };
  return fail_each_allocation(trial, share, {prepare, [&] { return work; }, judge});
}

Finding opens_though_calls_fail(Trial& trial) {
  return share_out(trial, fail_opening);
}

Finding opens_though_memory_is_short(Trial& trial) {
  return share_out(trial, starve_opening);
}

// The counter has counted every call before anybody looked what it was; the log is what the states after a
// power failure are computed from.
Finding compare(const Trace& met, const OperationLog& log, const std::string& done) {
  if (!met.broken.empty()) return Finding::skipped(met.broken);
  PIGEON_EXPECT(met.ended(), done, "an end", met.how_it_ended());
  for (const auto& [number, count] : met.entered) {
    if ((traits_of(number) & kChanges) == 0) continue;
    const auto found = log.understood().find(number);
    const auto logged = found == log.understood().end() ? 0 : found->second;
    PIGEON_EXPECT(logged == count,
                  done + ", and counted " + std::to_string(count) + " calls of " + name_of(number),
                  "as many in the log of operations", std::to_string(logged));
  }
  const auto unseen = met.unseen.empty() ? log.unseen() : met.unseen;
  return unseen.empty() ? Finding::passed() : Finding::skipped(unseen);
}

Finding everything_is_seen(Trial& trial) {
  if (trial.kind() == PIGEON_KIND_MDA) {
    MailRounds rounds(trial);
    auto trouble = rounds.begin();
    if (trouble.empty()) trouble = rounds.make("alice");
    PIGEON_EXPECT(trouble.empty(), "made a mailbox", "success", trouble);
    OperationLog log(trial.directory());
    return compare(trace(rounds.delivering({"d1"}), {}, &log), log, "delivered a message");
  }
  TreeRounds rounds(trial);
  if (trial.kind() == PIGEON_KIND_DATATREE && rounds.cannot_apply().empty()) {
    auto trouble = rounds.begin();
    if (trouble.empty()) trouble = rounds.create("one");
    PIGEON_EXPECT(trouble.empty(), "created a domain", "success", trouble);
    OperationLog log(trial.directory());
    return compare(trace(rounds.changing({"one"}), {}, &log), log, "applied an update");
  }
  OperationLog log(trial.directory());
  return compare(trace(opening_again(trial), {}, &log), log, "opened and initialized an instance");
}

constexpr std::array kChecks = {
    Check{
        "FILE-41", Weight::must, 4, kEveryKind, "Mapping the file has no effects",
        "maps the file and watches its system calls: none changes a file, talks to anybody, starts a thread "
        "or touches a signal",
        kLoading, is_mapped_without_effects},
    Check{"LIFE-41", Weight::must, 4, kEveryKind,
          "Whatever call fails while it is opened and initialized, nothing leaks, and the next time it works",
          "makes each call fail once with each of EIO, ENOSPC, EDQUOT, EINTR, EMFILE and EACCES that it may "
          "answer, compares the process with what it was, and opens again",
          kLife, opens_though_calls_fail, kSeconds},
    Check{"LIFE-42", Weight::must, 4, kEveryKind,
          "Whatever allocation fails while it is opened and initialized, nothing leaks, and the next time it "
          "works",
          "counts the allocations, and makes each fail in a process of its own; above 500, a sample by the "
          "seed, which is printed; compares the process with what it was, and opens again",
          kLife, opens_though_memory_is_short, kSeconds},
    Check{"PROC-41", Weight::must, 4, kEveryKind,
          "Whatever it does to files can be followed: what is counted is what is understood",
          "counts the calls that change something, and compares with the log of operations from which the "
          "states after a power failure are computed",
          kLife, everything_is_seen, kSeconds},
};

}  // namespace

std::span<const Check> watched_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
