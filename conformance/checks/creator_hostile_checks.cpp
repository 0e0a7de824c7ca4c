// SPDX-License-Identifier: MIT
//
// Levels 3 and 4 of one creator at work: what it leaves of the process, and what is left where it was killed.
#include "conformance/allocating_model.hpp"
#include "conformance/check.hpp"
#include "conformance/other_process.hpp"
#include "conformance/printed.hpp"
#include "conformance/process_state.hpp"
#include "conformance/share.hpp"
#include "conformance/system_call.hpp"
#include "conformance/tracer.hpp"
#include "conformance/trial.hpp"

#include <pigeon/sdk/text.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>

namespace pigeon::conformance {
namespace {

constexpr const char* kHeader = "pigeon/abi/creator.h";
constexpr const char* kLoading = "pigeon/abi/plugin.h, Loading";
constexpr auto kTimeEnough = std::chrono::seconds(600);
constexpr int kSeconds = 300;  // on a machine that has other things to do; a tenth of it else

// One allocation where there is none, one where there is one, and one that fails.
void obtain_in_turn(const Instance& instance) {
  for (const auto* failing : {"", "", "read", "commit"}) {
    Principality shared;
    if (*failing == '\0') allocate_elsewhere(shared);
    for (int round = 0; round < 2; ++round) {
      Allocator allocator(shared, Deadline::in(std::chrono::seconds(1)));
      allocator.fail(failing, PIGEON_UNAVAILABLE);
      static_cast<void>(allocator.obtain(instance));
      if (allocator.keeps_lock()) shared.lock = 0;
    }
  }
}

Finding leaves_the_process(Trial& trial) {
  constexpr int kRounds = 16;
  { const auto first = PIGEON_EXPECT_OK(trial.open(), "opened an instance"); }
  Printed printed;
  const auto untouched = ProcessState::now();  // with what catches the output open, as it is in the end
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
    obtain_in_turn(*instance);  // the first may open what stays open
    const auto before = ProcessState::now();
    for (int round = 0; round < kRounds; ++round) obtain_in_turn(*instance);
    const auto changed = difference(before, ProcessState::now());
    PIGEON_EXPECT(changed.empty(), "obtained again and again, also in vain", "the process as it was",
                  changed);
  }
  const auto changed = difference(untouched, ProcessState::now());
  PIGEON_EXPECT(changed.empty(), "obtained, and closed the instance", "the process as it was", changed);
  const auto text = printed.text();
  PIGEON_EXPECT(text.empty(), "obtained allocations", "nothing printed", "'" + printable(text) + "'");
  return Finding::passed();
}

// Obtains, and dies before the host does the call of this number; 0: never.
Work obtaining(Trial& trial, Principality& shared, int deadly_call) {
  return [&trial, &shared, deadly_call](Stage& stage) {
    const auto instance = trial.open();
    if (!instance) return stage.say(Answer(instance.failure()).text());
    Allocator allocator(shared, Deadline::in(kTimeEnough));
    allocator.meanwhile = [&](const std::string& /*call*/) {
      if (static_cast<int>(allocator.calls().size()) == deadly_call) ::kill(::getpid(), SIGKILL);
    };
    stage.begin();
    const auto status = allocator.obtain(**instance);
    stage.end();
    const bool lies = status == PIGEON_OK && !allocator.has_allocation();
    stage.say(
        Answer(lies ? PIGEON_BUG : status, lies ? "success without it" : allocator.failure().detail).text());
    stage.say(std::to_string(allocator.calls().size()));
    stage.say(allocator.commits_blindly() ? "blindly" : "");
  };
}

// In another process, when the lease of the dead one is over: the one allocation that there is.
Finding ends_well(Trial& trial, Principality& shared, bool is_blind, const std::string& done) {
  shared.lock = 0;
  const auto next = Companion(obtaining(trial, shared, 0)).wait();
  PIGEON_EXPECT(next.ended() && next.said.size() == 3, done + ", and obtained in another process",
                "an answer", next.how_it_ended());
  const auto answer = Answer::parse(next.said[0]);
  PIGEON_EXPECT(answer.is_ok(), done + ", and obtained in another process", "success", answer.shown());
  PIGEON_EXPECT(is_blind || shared.commits == 1, done + ", and obtained in another process", "one allocation",
                std::to_string(shared.commits));
  return Finding::passed();
}

Finding obtains_though_killed(Trial& trial) {
  const Shared<Principality> shared;
  const auto clear = [&] {
    shared->allocation = shared->lock = 0;
    shared->commits = 0;
  };
  const auto peace = trace(obtaining(trial, *shared, 0));
  if (!peace.broken.empty()) return Finding::skipped(peace.broken);
  PIGEON_EXPECT(peace.ended() && peace.said.size() == 3, "obtained an allocation", "an end",
                peace.how_it_ended());
  const auto usual = Answer::parse(peace.said[0]);
  PIGEON_EXPECT(usual.is_ok(), "obtained an allocation", "success", usual.shown());
  const bool is_blind = !peace.said[2].empty();
  const auto calls = static_cast<int>(number(peace.said[1]).value_or(0));
  for (int call = 1; call <= calls; ++call) {
    clear();
    const auto killed = Companion(obtaining(trial, *shared, call)).wait();
    const auto done = "killed it at its call " + std::to_string(call) + " of " + std::to_string(calls);
    auto finding = ends_well(trial, *shared, is_blind, done);
    if (finding.status != Finding::Status::passed) return finding;
  }
  for (std::size_t at = 0; at < peace.calls.size(); ++at) {
    if (!changes_state(peace.calls[at]) && (traits_of(peace.calls[at].number) & kTalks) == 0) continue;
    for (const auto way : {Tampering::Way::kill_before, Tampering::Way::kill_after}) {
      clear();
      static_cast<void>(trace(obtaining(trial, *shared, 0), {way, at, 0}));
      const auto done = std::string("killed it ") +
                        (way == Tampering::Way::kill_before ? "before " : "after ") + shown_call(peace, at);
      auto finding = ends_well(trial, *shared, is_blind, done);
      if (finding.status != Finding::Status::passed) return finding;
    }
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"CREATOR-36", Weight::must, 3, PIGEON_KIND_CREATOR,
          "Obtaining leaks nothing, and leaves the process as it was",
          "obtains again and again, also in vain, and compares the process before and after", kLoading,
          leaves_the_process, 60},
    Check{"CREATOR-42", Weight::must, 4, PIGEON_KIND_CREATOR,
          "Whenever an obtaining is killed, the next one gets the one allocation",
          "kills it at each call to the host, and before and after each call that changes something, and "
          "obtains in "
          "another process",
          kHeader, obtains_though_killed, kSeconds},
};

}  // namespace

std::span<const Check> creator_hostile_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
