// SPDX-License-Identifier: MIT
//
// Level 4 of a module: killed at each step of its own, and each of its calls failing once. What it asks the
// host for is played, and has a check of its own.
#include "conformance/check.hpp"
#include "conformance/module_host.hpp"
#include "conformance/share.hpp"
#include "conformance/system_call.hpp"
#include "conformance/tracer.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/module.h>

#include <sys/stat.h>

#include <array>
#include <string>

namespace pigeon::conformance {
namespace {

constexpr const char* kRun = "pigeon/abi/module.h, run";
constexpr int kSeconds = 300;  // on a machine that has other things to do; a tenth of it else

// Each attempt begins where nothing was before.
Trial in_a_new_place(const Trial& trial, std::size_t number) {
  const auto directory = trial.directory() + "/" + std::to_string(number);
  ::mkdir(directory.c_str(), 0700);
  return trial.elsewhere(directory);
}

// Runs it, and says the answer and what it did; so often.
Work running(Trial& trial, int times) {
  return [&trial, times](Stage& stage) {
    const auto instance = trial.open();
    if (!instance) return stage.say(Answer(instance.failure()).text());
    ModuleHost host(trial, (*instance)->descriptor());
    for (int time = 0; time < times; ++time) {
      if (time == 0) stage.begin();
      const auto answer = host.run(**instance, {});
      if (time == 0) stage.end();
      stage.say(Answer(answer.status, answer.told()).text());
      stage.say(answer.told());
    }
  };
}

struct Usual {
  Trace trace;
  std::string told;  // what it does with nothing in its way
  Finding finding;
};

Usual in_peace(Trial& trial, int times) {
  auto own = in_a_new_place(trial, 0);
  Usual usual = {trace(running(own, times)), {}, {}};
  const auto& met = usual.trace;
  if (!met.broken.empty()) usual.finding = Finding::skipped(met.broken);
  if (!met.broken.empty()) return usual;
  if (!met.ended() || met.said.size() != 2 * static_cast<std::size_t>(times)) {
    usual.finding = Finding::failed("ran it, with nothing in its way", "an answer", met.how_it_ended());
    return usual;
  }
  usual.told = met.said.back();
  return usual;
}

Finding kill_everywhere(Trial& trial, const Share& share) {
  const auto usual = in_peace(trial, 1);
  if (usual.finding.status != Finding::Status::passed) return usual.finding;
  const auto& calls = usual.trace.calls;
  std::size_t number = 0;
  for (std::size_t at = 0; at < calls.size(); ++at) {
    if (!changes_state(calls[at]) && (traits_of(calls[at].number) & kTalks) == 0) continue;
    for (const auto way : {Tampering::Way::kill_before, Tampering::Way::kill_after}) {
      if (!share.takes(++number)) continue;
      auto own = in_a_new_place(trial, number);
      static_cast<void>(trace(running(own, 1), {way, at, 0}));
      const auto done = std::string("killed it ") +
                        (way == Tampering::Way::kill_before ? "before " : "after ") +
                        shown_call(usual.trace, at) + ", and ran it in another process";
      const auto again = Companion(running(own, 1)).wait();
      PIGEON_EXPECT(again.ended() && again.said.size() == 2, done, "an answer", again.how_it_ended());
      PIGEON_EXPECT(again.said[1] == usual.told, done, usual.told, again.said[1]);
    }
  }
  return number == 0 ? Finding::skipped("it makes no call of its own that changes anything")
                     : Finding::passed();
}

Finding fail_everywhere(Trial& trial, const Share& share) {
  const auto usual = in_peace(trial, 2);
  if (usual.finding.status != Finding::Status::passed) return usual.finding;
  std::size_t number = 0;
  for (std::size_t at = 0; at < usual.trace.calls.size(); ++at) {
    for (const int error : errors_of(usual.trace.calls[at])) {
      if (!share.takes(++number)) continue;
      auto own = in_a_new_place(trial, number);
      const auto met = trace(running(own, 2), {Tampering::Way::fail, at, error});
      const auto done = "made " + shown_call(usual.trace, at) + ", fail with " + name_of_error(error);
      PIGEON_EXPECT(met.ended() && met.said.size() == 4, done, "an answer", met.how_it_ended());
      PIGEON_EXPECT(met.said[1] == usual.told || Answer::parse(met.said[0]).is_temporary(), done,
                    usual.told + "; or a temporary failure", met.said[1]);
      PIGEON_EXPECT(met.said[3] == usual.told, done + ", and ran it again, by the same instance", usual.told,
                    met.said[3]);
    }
  }
  return number == 0 ? Finding::skipped("it makes no call of its own that could fail") : Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MODULE-42", Weight::must, 4, PIGEON_KIND_MODULE,
          "Whenever a module is killed, the next attempt does what it does else",
          "kills a run before and after each call of its own that changes something, and runs it in another "
          "process",
          kRun, [](Trial& trial) { return share_out(trial, kill_everywhere); }, kSeconds},
    Check{"MODULE-43", Weight::must, 4, PIGEON_KIND_MODULE,
          "Whatever call fails, a module does what it does else, or tells a temporary failure",
          "makes each call of its own fail once with each error that it may answer, and runs it again by the "
          "same "
          "instance",
          kRun, [](Trial& trial) { return share_out(trial, fail_everywhere); }, kSeconds},
};

}  // namespace

std::span<const Check> module_fault_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
