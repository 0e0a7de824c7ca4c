// SPDX-License-Identifier: MIT
//
// Level 4 of every kind: no memory, at any allocation of a call.
#include "conformance/allocating_model.hpp"
#include "conformance/check.hpp"
#include "conformance/mail_rounds.hpp"
#include "conformance/module_host.hpp"
#include "conformance/scarcity.hpp"
#include "conformance/share.hpp"
#include "conformance/tree_rounds.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/creator.h>
#include <pigeon/abi/datatree.h>
#include <pigeon/abi/mda.h>
#include <pigeon/abi/module.h>

#include <array>
#include <string>

namespace pigeon::conformance {
namespace {

constexpr auto kTimeEnough = std::chrono::seconds(600);
constexpr int kSeconds = 300;  // on a machine that has other things to do; a tenth of it else
constexpr const char* kHow =
    "counts the allocations of the call, and makes it in one process after another, in each of which another "
    "allocation fails; above 500, a sample by the seed, which is printed";

Finding is_success_or_temporary(const Trace& met, std::size_t answers, const std::string& done) {
  PIGEON_EXPECT(met.said.size() == answers, done, "an answer",
                met.said.empty() ? "none" : Answer::parse(met.said.front()).shown());
  const auto first = Answer::parse(met.said.front());
  PIGEON_EXPECT(first.is_ok() || first.is_temporary(), done, "success, or a temporary failure",
                first.shown());
  const auto again = Answer::parse(met.said.back());
  PIGEON_EXPECT(again.is_ok(), done + ", and called again, by the same instance", "success", again.shown());
  return Finding::passed();
}

std::string name_for(const Trial& trial, const Share& share, std::size_t number) {
  return "m" + std::to_string(trial.seed()) + "-" + std::to_string(share.index) + "-" +
         std::to_string(number);
}

Finding deliver(Trial& trial, const Share& share) {
  MailRounds rounds(trial);
  const auto begun = rounds.begin();
  PIGEON_EXPECT(begun.empty(), "made a base directory", "success", begun);
  if (!rounds.blind().empty()) return Finding::skipped(rounds.blind());
  const auto judge = [&](const Trace& met, const std::string& done) -> Finding {
    auto finding = is_success_or_temporary(met, 3, done);
    if (finding.status != Finding::Status::passed) return finding;
    const auto copies = met.said[1] + " whole copies";
    PIGEON_EXPECT(met.said[1] == "1" || (met.said[1] == "0" && !Answer::parse(met.said[0]).is_ok()), done,
                  "one whole copy if it said so, else one or none", copies);
    const auto found = rounds.look_for("d1");
    PIGEON_EXPECT(found.is_there_among(1), done + ", and delivered again with the same id", "one whole copy",
                  found.shown());
    return Finding::passed();
  };
  return fail_each_allocation(
      trial, share,
      {[&](std::size_t number) { return rounds.make(name_for(trial, share, number)); },
       [&] { return rounds.delivering_again("d1"); }, judge});
}

Finding allocate(Trial& trial, const Share& share) {
  MailRounds rounds(trial);
  const auto begun = rounds.begin();
  PIGEON_EXPECT(begun.empty(), "made a base directory", "success", begun);
  if (!rounds.blind().empty()) return Finding::skipped(rounds.blind());
  const auto judge = [&](const Trace& met, const std::string& done) -> Finding {
    auto finding = is_success_or_temporary(met, 2, done);
    if (finding.status != Finding::Status::passed) return finding;
    const auto delivered = rounds.deliver("d1");
    PIGEON_EXPECT(delivered.is_ok(), done + ", allocated again, and delivered", "success", delivered.shown());
    const auto found = rounds.look_for("d1");
    PIGEON_EXPECT(found.is_there_among(1), done + ", allocated again, and delivered", "one whole copy",
                  found.shown());
    return Finding::passed();
  };
  return fail_each_allocation(
      trial, share,
      {[&](std::size_t number) { return rounds.propose(name_for(trial, share, number)); },
       [&] { return rounds.allocating_again(); }, judge});
}

Finding fetch(Trial& trial, const Share& share) {
  TreeRounds rounds(trial);
  const auto begun = rounds.begin();
  PIGEON_EXPECT(begun.empty(), "made a tree", "success", begun);
  if (const auto why = rounds.cannot_apply(); !why.empty()) return Finding::skipped(why);
  const auto domain = name_for(trial, share, 0);
  const auto created = rounds.create(domain);
  PIGEON_EXPECT(created.empty(), "created a domain", "success", created);
  const auto judge = [](const Trace& met, const std::string& done) -> Finding {
    const auto first = TreeRounds::seen(met.said, 0);
    const auto again = TreeRounds::seen(met.said, 2);
    PIGEON_EXPECT(first.answer.is_temporary() || (first.answer.is_ok() && first.values == TreeRounds::kOld),
                  done + ", while it fetched what is there", "the object, or a temporary failure",
                  first.shown());
    PIGEON_EXPECT(again.answer.is_ok() && again.values == TreeRounds::kOld,
                  done + ", and fetched again, by the same instance", "the object", again.shown());
    return Finding::passed();
  };
  return fail_each_allocation(trial, share,
                              {[](std::size_t /*number*/) { return std::string(); },
                               [&] { return rounds.fetching_again(domain); }, judge});
}

Finding apply(Trial& trial, const Share& share) {
  TreeRounds rounds(trial);
  const auto begun = rounds.begin();
  PIGEON_EXPECT(begun.empty(), "made a tree", "success", begun);
  if (const auto why = rounds.cannot_apply(); !why.empty()) return Finding::skipped(why);
  std::string domain;
  const auto judge = [&](const Trace& met, const std::string& done) -> Finding {
    auto finding = is_success_or_temporary(met, 4, done);
    if (finding.status != Finding::Status::passed) return finding;
    const auto between = TreeRounds::seen({"0 ", met.said[2]}, 0);
    const bool is_new = between.values == TreeRounds::kNew;
    PIGEON_EXPECT(is_new || (between.values == TreeRounds::kOld && !Answer::parse(met.said[0]).is_ok()), done,
                  "the new values if it said so, else those or the old ones", between.shown());
    const auto after = rounds.fetch(domain);
    PIGEON_EXPECT(after.answer.is_ok() && after.values == TreeRounds::kNew,
                  done + ", applied the update again, and fetched", TreeRounds::kNew, after.shown());
    return Finding::passed();
  };
  const auto prepare = [&](std::size_t number) {
    domain = name_for(trial, share, number);
    return rounds.create(domain);
  };
  return fail_each_allocation(trial, share,
                              {prepare, [&] { return rounds.changing_and_looking(domain); }, judge});
}

// Says the answer, what is wrong, how it commits, and the answer of another try.
Work obtaining(Trial& trial, Principality& shared) {
  return [&trial, &shared](Stage& stage) {
    const auto instance = trial.open();
    if (!instance) return stage.say(Answer(instance.failure()).text());
    Allocator first(shared, Deadline::in(kTimeEnough));
    // A creator has nothing to keep but what went wrong: so something does, once.
    first.fail("commit", PIGEON_UNAVAILABLE, true);
    stage.begin();
    auto status = first.obtain(**instance);
    if (PIGEON_STATUS_RANGE(status) == PIGEON_TEMPORARY && !first.keeps_lock())
      status = first.obtain(**instance);
    stage.end();
    stage.say(Answer(status, first.failure().detail).text());
    const bool keeps_lock = first.keeps_lock() && first.count("unlock") == 0;
    stage.say(status == PIGEON_OK && !first.has_allocation() ? "success without the allocation"
              : keeps_lock                                   ? "the lock is not given back"
                                                             : first.broken_rule());
    if (keeps_lock) return;
    Allocator second(shared, Deadline::in(kTimeEnough));
    const auto again = second.obtain(**instance);
    stage.say(first.commits_blindly() ? "blindly" : "");
    stage.say(Answer(again == PIGEON_OK && !second.has_allocation() ? PIGEON_BUG : again, "").text());
  };
}

Finding obtain(Trial& trial, const Share& share) {
  const Shared<Principality> shared;
  bool is_first = true;
  bool is_blind = false;  // it commits without asking and without a lock, whatever is there
  const auto judge = [&](const Trace& met, const std::string& done) -> Finding {
    const auto what = met.said.size() < 2 ? std::string() : met.said[1];
    PIGEON_EXPECT(what.empty(), done, "the allocation, and the lock given back", what);
    auto finding = is_success_or_temporary(met, 4, done);
    if (finding.status != Finding::Status::passed) return finding;
    if (is_first) is_blind = met.said[2] == "blindly";
    is_first = false;
    PIGEON_EXPECT(is_blind || shared->commits == 1, done + ", and obtained again", "one allocation",
                  std::to_string(shared->commits));
    return Finding::passed();
  };
  const auto prepare = [&](std::size_t /*number*/) {
    shared->allocation = shared->lock = 0;
    shared->commits = 0;
    return std::string();
  };
  return fail_each_allocation(trial, share, {prepare, [&] { return obtaining(trial, *shared); }, judge});
}

// Says the status, what the module did, and the same of another try.
Work running(Trial& trial) {
  return [&trial](Stage& stage) {
    const auto instance = trial.open();
    if (!instance) return stage.say(Answer(instance.failure()).text());
    ModuleHost host(trial, (*instance)->descriptor());
    stage.begin();
    const auto first = host.run(**instance, {});
    stage.end();
    stage.say(Answer(first.status, first.told()).text());
    stage.say(first.told());
    const auto again = host.run(**instance, {});
    stage.say(again.told());
    stage.say(Answer(again.status, again.told()).text());
  };
}

Finding run(Trial& trial, const Share& share) {
  std::string usual;  // what it does with all the memory that it wants
  const auto judge = [&](const Trace& met, const std::string& done) -> Finding {
    auto finding = is_success_or_temporary(met, 4, done);
    if (finding.status != Finding::Status::passed) return finding;
    if (usual.empty()) usual = met.said[1];
    PIGEON_EXPECT(!Answer::parse(met.said[0]).is_ok() || met.said[1] == usual, done,
                  usual + "; or a temporary failure", met.said[1]);
    PIGEON_EXPECT(met.said[2] == usual, done + ", and ran it again, by the same instance", usual,
                  met.said[2]);
    return Finding::passed();
  };
  return fail_each_allocation(
      trial, share,
      {[](std::size_t /*number*/) { return std::string(); }, [&] { return running(trial); }, judge});
}

constexpr std::array kChecks = {
    Check{
        "MDA-48", Weight::must, 4, PIGEON_KIND_MDA,
        "Whatever allocation fails, a message is stored or the failure is temporary, and a retry leaves one "
        "copy",
        kHow, "pigeon/abi/mda.h, deliver", [](Trial& trial) { return share_out(trial, deliver); }, kSeconds},
    Check{"MDA-49", Weight::must, 4, PIGEON_KIND_MDA,
          "Whatever allocation fails, a mailbox is made or the failure is temporary, and the next time it is "
          "made",
          kHow, "pigeon/abi/mda.h, propose and ensure",
          [](Trial& trial) { return share_out(trial, allocate); }, kSeconds},
    Check{"TREE-45", Weight::must, 4, PIGEON_KIND_DATATREE,
          "Whatever allocation fails, what is there is found or could not be asked for: it is never \"not "
          "there\"",
          kHow, "pigeon/abi/datatree.h, fetch", [](Trial& trial) { return share_out(trial, fetch); },
          kSeconds},
    Check{"TREE-46", Weight::must, 4, PIGEON_KIND_DATATREE,
          "Whatever allocation fails, an update has happened or tells a temporary failure, never half of it",
          kHow, "pigeon/abi/datatree.h, apply", [](Trial& trial) { return share_out(trial, apply); },
          kSeconds},
    Check{"CREATOR-41", Weight::must, 4, PIGEON_KIND_CREATOR,
          "Whatever allocation fails, there is one allocation or a temporary failure, and the next one who "
          "asks gets it",
          kHow, "pigeon/abi/creator.h", [](Trial& trial) { return share_out(trial, obtain); }, kSeconds},
    Check{"MODULE-41", Weight::must, 4, PIGEON_KIND_MODULE,
          "Whatever allocation fails, a module does what it does else, or tells a temporary failure", kHow,
          "pigeon/abi/module.h, run", [](Trial& trial) { return share_out(trial, run); }, kSeconds},
};

}  // namespace

std::span<const Check> memory_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
