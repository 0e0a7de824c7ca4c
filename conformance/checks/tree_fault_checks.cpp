// SPDX-License-Identifier: MIT
//
// Level 4 of a datatree: killed at any step, with any call failing, with the power gone. A tree that a server
// keeps is killed and failed on this side; what the server's disk keeps is not seen from here.
#include "conformance/check.hpp"
#include "conformance/operation_log.hpp"
#include "conformance/power_loss.hpp"
#include "conformance/share.hpp"
#include "conformance/tracer.hpp"
#include "conformance/tree_rounds.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/datatree.h>
#include <pigeon/sdk/text.hpp>

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kApply = "pigeon/abi/datatree.h, apply";
constexpr const char* kFetch = "pigeon/abi/datatree.h, fetch";
constexpr int kSeconds = 300;  // on a machine that has other things to do; a tenth of it else

// The beginning of each check: the tree is there, and a domain in it.
Finding begin(TreeRounds& rounds, const std::string& domain) {
  const auto begun = rounds.begin();
  PIGEON_EXPECT(begun.empty(), "made a tree", "success", begun);
  if (const auto why = rounds.cannot_apply(); !why.empty()) return Finding::skipped(why);
  const auto created = rounds.create(domain);
  PIGEON_EXPECT(created.empty(), "created a domain", "success", created);
  return Finding::passed();
}

Finding all_went_well(const Trace& met) {
  if (!met.broken.empty()) return Finding::skipped(met.broken);
  PIGEON_EXPECT(met.ended() && !met.said.empty(), "watched it at work, with nothing in its way", "an end",
                met.how_it_ended());
  const auto first = Answer::parse(met.said.front());
  PIGEON_EXPECT(first.is_ok(), "watched it at work, with nothing in its way", "success", first.shown());
  return Finding::passed();
}

std::string domain_for(const Trial& trial, const Share& share, std::size_t number) {
  return "d" + std::to_string(trial.seed()) + "-" + std::to_string(share.index) + "-" +
         std::to_string(number);
}

bool is_whole(const Seen& seen) {
  return seen.answer.is_ok() && (seen.values == TreeRounds::kOld || seen.values == TreeRounds::kNew);
}

// After whatever happened: the next update goes, and is seen.
Finding ends_well(const TreeRounds& rounds, const std::string& domain, const std::string& done) {
  const auto again = rounds.change(domain);
  PIGEON_EXPECT(again.is_ok(), done + ", and applied the update again", "success", again.shown());
  const auto seen = rounds.fetch(domain);
  PIGEON_EXPECT(seen.answer.is_ok() && seen.values == TreeRounds::kNew,
                done + ", applied the update again, and fetched", TreeRounds::kNew, seen.shown());
  return Finding::passed();
}

Finding kill_apply(Trial& trial, const Share& share) {
  TreeRounds rounds(trial);
  auto begun = begin(rounds, domain_for(trial, share, 0));
  if (begun.status != Finding::Status::passed) return begun;
  const auto peace = trace(rounds.changing({domain_for(trial, share, 0)}));
  begun = all_went_well(peace);
  if (begun.status != Finding::Status::passed) return begun;
  std::size_t number = 0;
  for (std::size_t at = 0; at < peace.calls.size(); ++at) {
    if (!changes_state(peace.calls[at]) && (traits_of(peace.calls[at].number) & kTalks) == 0) continue;
    for (const auto way : {Tampering::Way::kill_before, Tampering::Way::kill_after}) {
      if (!share.takes(++number)) continue;
      const auto domain = domain_for(trial, share, number);
      const auto done = std::string("killed an update ") +
                        (way == Tampering::Way::kill_before ? "before " : "after ") + shown_call(peace, at);
      const auto created = rounds.create(domain);
      PIGEON_EXPECT(created.empty(), "created a domain", "success", created);
      const auto killed = trace(rounds.changing({domain}), {way, at, 0});
      const auto seen = rounds.fetch(domain);
      PIGEON_EXPECT(is_whole(seen), done, "the old values or the new ones", seen.shown());
      PIGEON_EXPECT(killed.said.empty() || seen.values == TreeRounds::kNew, done + ", when it had answered",
                    TreeRounds::kNew, seen.shown());
      auto finding = ends_well(rounds, domain, done);
      if (finding.status != Finding::Status::passed) return finding;
    }
  }
  return Finding::passed();
}

Finding fail_apply(Trial& trial, const Share& share) {
  TreeRounds rounds(trial);
  auto begun = begin(rounds, domain_for(trial, share, 0));
  if (begun.status != Finding::Status::passed) return begun;
  const auto peace = trace(rounds.changing_again(domain_for(trial, share, 0)));
  begun = all_went_well(peace);
  if (begun.status != Finding::Status::passed) return begun;
  std::size_t number = 0;
  for (std::size_t at = 0; at < peace.calls.size(); ++at) {
    for (const int error : errors_of(peace.calls[at])) {
      if (!share.takes(++number)) continue;
      const auto domain = domain_for(trial, share, number);
      const auto done = "made " + shown_call(peace, at) + ", fail with " + name_of_error(error);
      const auto created = rounds.create(domain);
      PIGEON_EXPECT(created.empty(), "created a domain", "success", created);
      const auto met = trace(rounds.changing_again(domain), {Tampering::Way::fail, at, error});
      PIGEON_EXPECT(met.ended() && met.said.size() == 2, done, "an answer", met.how_it_ended());
      const auto first = Answer::parse(met.said[0]);
      const auto second = Answer::parse(met.said[1]);
      PIGEON_EXPECT(first.is_ok() || first.is_temporary(), done, "success, or a temporary failure",
                    first.shown());
      PIGEON_EXPECT(second.is_ok(), done + ", and applied the update again by the same instance", "success",
                    second.shown());
      auto finding = ends_well(rounds, domain, done);
      if (finding.status != Finding::Status::passed) return finding;
    }
  }
  return Finding::passed();
}

// As fail_apply, but told apart: a success must have happened, although nothing is applied again.
Finding fail_and_look(Trial& trial, const Share& share) {
  TreeRounds rounds(trial);
  auto begun = begin(rounds, domain_for(trial, share, 0));
  if (begun.status != Finding::Status::passed) return begun;
  const auto peace = trace(rounds.changing({domain_for(trial, share, 0)}));
  begun = all_went_well(peace);
  if (begun.status != Finding::Status::passed) return begun;
  std::size_t number = 0;
  for (std::size_t at = 0; at < peace.calls.size(); ++at) {
    for (const int error : errors_of(peace.calls[at])) {
      if (!changes_state(peace.calls[at]) || !share.takes(++number)) continue;
      const auto domain = domain_for(trial, share, number);
      const auto done = "made " + shown_call(peace, at) + ", fail with " + name_of_error(error);
      const auto created = rounds.create(domain);
      PIGEON_EXPECT(created.empty(), "created a domain", "success", created);
      const auto met = trace(rounds.changing({domain}), {Tampering::Way::fail, at, error});
      PIGEON_EXPECT(met.ended() && met.said.size() == 1, done, "an answer", met.how_it_ended());
      const bool is_done = Answer::parse(met.said.front()).is_ok();
      const auto seen = rounds.fetch(domain);
      PIGEON_EXPECT(is_whole(seen), done, "the old values or the new ones", seen.shown());
      PIGEON_EXPECT(!is_done || seen.values == TreeRounds::kNew, done + ", had success, and fetched",
                    TreeRounds::kNew, seen.shown());
    }
  }
  return Finding::passed();
}

Finding fail_fetch(Trial& trial, const Share& share) {
  TreeRounds rounds(trial);
  const auto domain = domain_for(trial, share, 0);
  auto begun = begin(rounds, domain);
  if (begun.status != Finding::Status::passed) return begun;
  const auto peace = trace(rounds.fetching_again(domain));
  begun = all_went_well(peace);
  if (begun.status != Finding::Status::passed) return begun;
  std::size_t number = 0;
  for (std::size_t at = 0; at < peace.calls.size(); ++at) {
    for (const int error : errors_of(peace.calls[at])) {
      if (!share.takes(++number)) continue;
      const auto done =
          "fetched what is there, and made " + shown_call(peace, at) + ", fail with " + name_of_error(error);
      const auto met = trace(rounds.fetching_again(domain), {Tampering::Way::fail, at, error});
      PIGEON_EXPECT(met.ended() && met.said.size() == 4, done, "an answer", met.how_it_ended());
      const auto first = TreeRounds::seen(met.said, 0);
      const auto second = TreeRounds::seen(met.said, 2);
      const bool is_right = first.answer.is_ok() && first.values == TreeRounds::kOld;
      PIGEON_EXPECT(is_right || first.answer.is_temporary(), done, "the object, or a temporary failure",
                    first.shown());
      PIGEON_EXPECT(second.answer.is_ok() && second.values == TreeRounds::kOld,
                    done + ", and fetched again by the same instance", "the object", second.shown());
    }
  }
  return Finding::passed();
}

// The calls that talk to a server; where they are many, a sample by the seed, which is printed.
std::vector<std::size_t> talking_calls(const Trial& trial, const Share& share, const Trace& peace) {
  constexpr std::size_t kMost = 8;
  std::vector<std::size_t> found;
  for (std::size_t at = 0; at < peace.calls.size(); ++at) {
    const auto& call = peace.calls[at];
    if (call.number == SYS_connect || call.sends || call.receives) found.push_back(at);
  }
  if (found.size() <= kMost) return found;
  std::mt19937_64 random(trial.seed());
  std::shuffle(found.begin(), found.end(), random);
  if (share.index == 0) {
    std::cout << kMost << " of " << found.size() << " calls to a server, by the seed " << trial.seed() << '\n'
              << std::flush;
  }
  found.resize(kMost);
  return found;
}

// A server that has gone silent: it accepts, or has accepted, and nothing comes from it any more.
Finding silence_fetch(Trial& trial, const Share& share) {
  constexpr std::chrono::seconds kTime(2);
  constexpr std::chrono::seconds kLateness(2);
  TreeRounds rounds(trial);
  const auto domain = domain_for(trial, share, 0);
  auto begun = begin(rounds, domain);
  if (begun.status != Finding::Status::passed) return begun;
  const auto peace = trace(rounds.fetching_within(domain, kTime));
  begun = all_went_well(peace);
  if (begun.status != Finding::Status::passed) return begun;
  std::string why = "it asks no server";
  bool was_silent = false;
  std::size_t number = 0;
  for (const auto at : talking_calls(trial, share, peace)) {
    if (number++ % share.of != share.index) continue;
    const auto done = "let the server be silent from " + shown_call(peace, at) + ", on";
    const auto met = trace(rounds.fetching_within(domain, kTime), {Tampering::Way::silence, at, 0});
    if (!met.not_silenced.empty()) why = met.not_silenced;
    if (!met.was_met || !met.not_silenced.empty())
      continue;  // it may have less to say to a server than before
    was_silent = true;
    PIGEON_EXPECT(met.ended() && met.said.size() == 5, done, "an answer", met.how_it_ended());
    const auto first = TreeRounds::seen(met.said, 0);
    const auto second = TreeRounds::seen(met.said, 2);
    const bool is_right = first.answer.is_ok() && first.values == TreeRounds::kOld;
    const std::chrono::milliseconds took(pigeon::number(met.said[4]).value_or(0));
    PIGEON_EXPECT(is_right || first.answer.is_temporary(), done, "the object, or a temporary failure",
                  first.shown());
    PIGEON_EXPECT(took < kTime + kLateness, done + ", and gave it 2 seconds", "an answer by then",
                  "one after " + std::to_string(took.count()) + " ms");
    const bool is_back = second.answer.is_ok() && second.values == TreeRounds::kOld;
    PIGEON_EXPECT(is_back || (is_right && second.answer.is_temporary()),
                  done + ", and fetched again by the same instance, from a server that is back", "the object",
                  second.shown());
  }
  return was_silent || (number != 0 && share.index >= number) ? Finding::passed() : Finding::skipped(why);
}

Finding judge(const TreeRounds& rounds, const PowerLoss::State& state) {
  const auto done = "took the power away " + state.moment;
  const std::array<std::string, 2> domains = {"one", "two"};
  for (std::size_t index = 0; index < domains.size(); ++index) {
    const auto seen = rounds.fetch(domains.at(index));
    PIGEON_EXPECT(is_whole(seen), done, "the old values or the new ones", seen.shown());
    PIGEON_EXPECT(state.said <= index || seen.values == TreeRounds::kNew,
                  done + ", when update " + std::to_string(index + 1) + " had been answered",
                  TreeRounds::kNew, seen.shown());
  }
  for (const auto& domain : domains) {
    auto finding = ends_well(rounds, domain, done);
    if (finding.status != Finding::Status::passed) return finding;
  }
  return Finding::passed();
}

Finding lose_power(Trial& trial, const Share& share) {
  TreeRounds rounds(trial);
  auto begun = begin(rounds, "one");
  if (begun.status != Finding::Status::passed) return begun;
  const auto created = rounds.create("two");
  PIGEON_EXPECT(created.empty(), "created a domain", "success", created);
  OperationLog log(trial.directory());
  const auto peace = trace(rounds.changing({"one", "two"}), {}, &log);
  begun = all_went_well(peace);
  if (begun.status != Finding::Status::passed) return begun;
  if (const auto unseen = peace.unseen.empty() ? log.unseen() : peace.unseen; !unseen.empty())
    return Finding::skipped(unseen);
  const auto changes = std::any_of(log.operations().begin(), log.operations().end(),
                                   [](const Operation& operation) { return operation.changes(); });
  if (log.has_talked() && !changes)
    return Finding::skipped("a server keeps the tree, whose disk cannot be seen from here");
  const PowerLoss power(log);
  std::size_t number = 0;
  for (const auto& state : power.states()) {
    if (!share.takes(number++)) continue;
    power.build(state, trial.directory());
    auto finding = judge(rounds, state);
    if (finding.status != Finding::Status::passed) return finding;
  }
  return Finding::passed();
}

Finding applies_though_killed(Trial& trial) {
  return share_out(trial, kill_apply);
}
Finding applied_survives(Trial& trial) {
  return share_out(trial, lose_power);
}
Finding applies_though_calls_fail(Trial& trial) {
  auto finding = share_out(trial, fail_and_look);
  return finding.status == Finding::Status::passed ? share_out(trial, fail_apply) : finding;
}
Finding fetches_though_it_is_silent(Trial& trial) {
  return share_out(trial, silence_fetch);
}
Finding fetches_though_calls_fail(Trial& trial) {
  return share_out(trial, fail_fetch);
}

constexpr std::array kChecks = {
    Check{"TREE-41", Weight::must, 4, PIGEON_KIND_DATATREE,
          "Whenever an update is killed, all of it has happened or none",
          "kills an update before and after each call that changes something, fetches, and applies it again",
          kApply, applies_though_killed, kSeconds},
    Check{"TREE-42", Weight::must, 4, PIGEON_KIND_DATATREE,
          "What was applied survives a power failure, and what it interrupted has happened or has not",
          "computes, from the log of the calls of two updates, everything that a disk may hold, and fetches "
          "from each in a new process",
          kApply, applied_survives, kSeconds},
    Check{"TREE-43", Weight::must, 4, PIGEON_KIND_DATATREE,
          "Whatever call fails, an update has happened or tells a temporary failure, and the next one goes",
          "makes each call fail once with each of EIO, ENOSPC, EDQUOT, EINTR, EMFILE and EACCES that it may "
          "answer, and applies the update again by the same instance",
          kApply, applies_though_calls_fail, kSeconds},
    Check{"TREE-44", Weight::must, 4, PIGEON_KIND_DATATREE,
          "Whatever call fails, what is there is found or could not be asked for: it is never \"not there\"",
          "makes each call of a fetch fail once with each error that it may answer; a connection is refused, "
          "reset and hung up",
          kFetch, fetches_though_calls_fail, kSeconds},
    Check{"TREE-47", Weight::must, 4, PIGEON_KIND_DATATREE,
          "A server that is silent is no answer: by the deadline, it could not be asked",
          "lets everything that comes for a connection be lost, from each call of a fetch on that connects, "
          "sends or receives, or from 8 of them by the seed, and fetches again when the server is back",
          kFetch, fetches_though_it_is_silent, kSeconds},
};

}  // namespace

std::span<const Check> tree_fault_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
