// SPDX-License-Identifier: MIT
//
// Level 4 of an MDA: killed at any step, with any call failing, with the power gone.
#include "conformance/check.hpp"
#include "conformance/mail_rounds.hpp"
#include "conformance/operation_log.hpp"
#include "conformance/power_loss.hpp"
#include "conformance/share.hpp"
#include "conformance/system_call.hpp"
#include "conformance/tracer.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace pigeon::conformance {
namespace {

constexpr const char* kDeliver = "pigeon/abi/mda.h, deliver";
constexpr const char* kEnsure = "pigeon/abi/mda.h, ensure";
constexpr int kSeconds = 300;  // on a machine that has other things to do; a tenth of it else

// A mailbox in which nothing goes wrong, and the calls that it takes.
struct Peace {
  Trace trace;
  Finding finding;  // unless passed: there is no use in going on
};

// Runs the work in peace. Every answer must be a success.
Peace in_peace(const Work& work, OperationLog* log) {
  Peace peace = {trace(work, {}, log), {}};
  const auto& met = peace.trace;
  if (!met.broken.empty()) peace.finding = Finding::skipped(met.broken);
  if (!met.broken.empty()) return peace;
  const auto bad = std::find_if(met.said.begin(), met.said.end(),
                                [](const std::string& said) { return !Answer::parse(said).is_ok(); });
  if (!met.ended() || met.said.empty() || bad != met.said.end()) {
    peace.finding = Finding::failed("watched it at work, with nothing in its way", "success",
                                    bad != met.said.end() ? Answer::parse(*bad).shown() : met.how_it_ended());
  } else if (log != nullptr) {
    if (const auto unseen = met.unseen.empty() ? log->unseen() : met.unseen; !unseen.empty())
      peace.finding = Finding::skipped(unseen);
  }
  return peace;
}

// Nothing of what a server is told can be looked at, or is promised to be on a disk of ours.
constexpr const char* kElsewhere = "another server keeps the mailboxes: it promises that they survive";
constexpr const char* kNoStep = "it makes no call that could be killed, or could fail";

// Where a server keeps the mailboxes, or the tables that they are in, it is told what to change.
bool is_step(const SystemCall& call) {
  return changes_state(call) || (traits_of(call.number) & kTalks) != 0;
}

std::string user_for(const Share& share, std::size_t number) {
  return "u" + std::to_string(share.index) + "x" + std::to_string(number);
}

Finding could_not_begin(const std::string& trouble) {
  return Finding::failed("made a mailbox", "success", trouble);
}

// After whatever happened: the delivery is tried again, as an MTA does, and then its message is there once.
Finding ends_well(const MailRounds& rounds, const std::string& name, const std::string& done) {
  const auto again = rounds.deliver(name);
  PIGEON_EXPECT(again.is_ok(), done + ", and delivered again with the same id", "success", again.shown());
  const auto found = rounds.look_for(name);
  PIGEON_EXPECT(found.is_there_among(1), done + ", and delivered again with the same id", "one whole copy",
                found.shown());
  return Finding::passed();
}

// As ends_well, for a mailbox that may be half made.
Finding is_made_well(const MailRounds& rounds, const std::string& done) {
  const auto again = rounds.ensure();
  PIGEON_EXPECT(again.is_ok(), done + ", and ensured again", "success", again.shown());
  return ends_well(rounds, "d1", done + ", ensured again, delivered");
}

// Kills the work before and after each of its calls that change something, each time on another mailbox.
Finding kill_everywhere(Trial& trial, const Share& share, bool is_ensure) {
  MailRounds rounds(trial);
  const auto prepare = [&](std::size_t number) {
    const auto user = user_for(share, number);
    return is_ensure ? rounds.propose(user) : rounds.make(user);
  };
  const auto work = [&] { return is_ensure ? rounds.ensuring() : rounds.delivering({"d1"}); };
  if (const auto trouble = rounds.begin(); !trouble.empty()) return could_not_begin(trouble);
  if (!rounds.blind().empty()) return Finding::skipped(rounds.blind());
  if (const auto trouble = prepare(0); !trouble.empty()) return could_not_begin(trouble);
  const auto peace = in_peace(work(), nullptr);
  if (peace.finding.status != Finding::Status::passed) return peace.finding;
  const auto& calls = peace.trace.calls;
  std::size_t number = 0;
  for (std::size_t at = 0; at < calls.size(); ++at) {
    if (!is_step(calls[at])) continue;
    for (const auto way : {Tampering::Way::kill_before, Tampering::Way::kill_after}) {
      if (!share.takes(++number)) continue;
      if (const auto trouble = prepare(number); !trouble.empty()) return could_not_begin(trouble);
      const auto killed = trace(work(), {way, at, 0});
      const auto done = std::string("killed it ") +
                        (way == Tampering::Way::kill_before ? "before " : "after ") +
                        shown_call(peace.trace, at);
      if (!is_ensure) {
        const auto found = rounds.look_for("d1");
        PIGEON_EXPECT(found.trouble.empty() && found.torn == 0 && found.listed <= 1, done,
                      "no message, or a whole one", found.shown());
        const bool is_answered = !killed.said.empty();
        PIGEON_EXPECT(!is_answered || found.is_there_among(1), done + ", when it had answered",
                      "one whole copy", found.shown());
      }
      auto finding = is_ensure ? is_made_well(rounds, done) : ends_well(rounds, "d1", done);
      if (finding.status != Finding::Status::passed) return finding;
    }
  }
  return number == 0 ? Finding::skipped(kNoStep) : Finding::passed();
}

// Makes each call of the work fail once, in each way that it may, each time on another mailbox.
Finding fail_everywhere(Trial& trial, const Share& share, bool is_ensure) {
  MailRounds rounds(trial);
  const auto prepare = [&](std::size_t number) {
    const auto user = user_for(share, number);
    return is_ensure ? rounds.propose(user) : rounds.make(user);
  };
  const auto work = [&] { return is_ensure ? rounds.ensuring() : rounds.delivering({"d1"}); };
  if (const auto trouble = rounds.begin(); !trouble.empty()) return could_not_begin(trouble);
  if (!rounds.blind().empty()) return Finding::skipped(rounds.blind());
  if (const auto trouble = prepare(0); !trouble.empty()) return could_not_begin(trouble);
  const auto peace = in_peace(work(), nullptr);
  if (peace.finding.status != Finding::Status::passed) return peace.finding;
  std::size_t number = 0;
  for (std::size_t at = 0; at < peace.trace.calls.size(); ++at) {
    for (const int error : errors_of(peace.trace.calls[at])) {
      if (!share.takes(++number)) continue;
      if (const auto trouble = prepare(number); !trouble.empty()) return could_not_begin(trouble);
      const auto met = trace(work(), {Tampering::Way::fail, at, error});
      const auto done = "made " + shown_call(peace.trace, at) + ", fail with " + name_of_error(error);
      PIGEON_EXPECT(met.ended() && met.said.size() == 1, done, "an answer", met.how_it_ended());
      const auto answer = Answer::parse(met.said.front());
      PIGEON_EXPECT(answer.is_ok() || answer.is_temporary(), done, "success, or a temporary failure",
                    answer.shown());
      if (answer.is_ok() && is_ensure) {
        const auto delivered = rounds.deliver("d1");
        PIGEON_EXPECT(delivered.is_ok(), done + ", had success all the same, and delivered", "success",
                      delivered.shown());
      } else if (!is_ensure) {
        const auto found = rounds.look_for("d1");
        PIGEON_EXPECT(!answer.is_ok() || found.is_there_among(1), done + ", had success all the same",
                      "one whole copy", found.shown());
        PIGEON_EXPECT(found.trouble.empty() && found.torn == 0 && found.listed <= 1, done,
                      "no message, or a whole one", found.shown());
      }
      auto finding = is_ensure ? is_made_well(rounds, done) : ends_well(rounds, "d1", done);
      if (finding.status != Finding::Status::passed) return finding;
    }
  }
  return number == 0 ? Finding::skipped(kNoStep) : Finding::passed();
}

Finding delivers_though_killed(Trial& trial) {
  return share_out(trial, [](Trial& own, const Share& share) { return kill_everywhere(own, share, false); });
}
Finding delivers_though_calls_fail(Trial& trial) {
  return share_out(trial, [](Trial& own, const Share& share) { return fail_everywhere(own, share, false); });
}
Finding ensures_though_killed(Trial& trial) {
  return share_out(trial, [](Trial& own, const Share& share) { return kill_everywhere(own, share, true); });
}
Finding ensures_though_calls_fail(Trial& trial) {
  return share_out(trial, [](Trial& own, const Share& share) { return fail_everywhere(own, share, true); });
}

// What was answered is there, whenever the power went after that; and what was not can be delivered again.
Finding judge_delivered(const MailRounds& rounds, const PowerLoss::State& state) {
  const auto done = "took the power away " + state.moment;
  const std::array<std::string, 2> names = {"d1", "d2"};
  for (std::size_t index = 0; index < names.size(); ++index) {
    const auto found = rounds.look_for(names.at(index));
    PIGEON_EXPECT(found.trouble.empty() && found.torn == 0, done, "no message that is cut off",
                  found.shown());
    PIGEON_EXPECT(state.said <= index || found.copies >= 1,
                  done + ", when delivery " + std::to_string(index + 1) + " had been answered",
                  "its message, whole", found.shown());
  }
  for (const auto& name : names) {
    const auto again = rounds.deliver(name);
    PIGEON_EXPECT(again.is_ok(), done + ", and delivered again", "success", again.shown());
  }
  for (const auto& name : names) {
    const auto found = rounds.look_for(name);
    PIGEON_EXPECT(found.is_there_among(names.size()), done + ", and delivered both messages again",
                  "one whole copy of each", found.shown());
  }
  return Finding::passed();
}

Finding judge_made(const MailRounds& rounds, const PowerLoss::State& state) {
  const auto done = "took the power away " + state.moment;
  if (state.said == 0) return is_made_well(rounds, done);
  const auto delivered = rounds.deliver("d1");
  PIGEON_EXPECT(delivered.is_ok(), done + ", when ensure had answered, and delivered", "success",
                delivered.shown());
  return is_made_well(rounds, done);
}

Finding lose_power(Trial& trial, const Share& share, bool is_ensure) {
  MailRounds rounds(trial);
  if (const auto trouble = rounds.begin(); !trouble.empty()) return could_not_begin(trouble);
  if (rounds.hands_over()) return Finding::skipped(kElsewhere);
  const auto trouble = is_ensure ? rounds.propose("alice") : rounds.make("alice");
  if (!trouble.empty()) return could_not_begin(trouble);
  OperationLog log(trial.directory());
  const auto peace = in_peace(is_ensure ? rounds.ensuring() : rounds.delivering({"d1", "d2"}), &log);
  if (peace.finding.status != Finding::Status::passed) return peace.finding;
  const PowerLoss power(log);
  std::size_t number = 0;
  for (const auto& state : power.states()) {
    if (!share.takes(number++)) continue;
    power.build(state, trial.directory());
    auto finding = is_ensure ? judge_made(rounds, state) : judge_delivered(rounds, state);
    if (finding.status != Finding::Status::passed) return finding;
  }
  return Finding::passed();
}

Finding delivered_survives(Trial& trial) {
  return share_out(trial, [](Trial& own, const Share& share) { return lose_power(own, share, false); });
}
Finding made_survives(Trial& trial) {
  return share_out(trial, [](Trial& own, const Share& share) { return lose_power(own, share, true); });
}

// A flush that fails has flushed nothing, and what it could not write is lost to later ones. Success is only
// told when the message is safe without them.
Finding failed_flush_is_final(Trial& trial) {
  MailRounds rounds(trial);
  if (const auto trouble = rounds.begin(); !trouble.empty()) return could_not_begin(trouble);
  if (rounds.hands_over()) return Finding::skipped(kElsewhere);
  if (const auto trouble = rounds.make("alice"); !trouble.empty()) return could_not_begin(trouble);
  OperationLog rehearsal(trial.directory());
  const auto peace = in_peace(rounds.delivering({"d1"}), &rehearsal);
  if (peace.finding.status != Finding::Status::passed) return peace.finding;
  for (std::size_t at = 0; at < peace.trace.calls.size(); ++at) {
    if ((traits_of(peace.trace.calls[at].number) & kFlushes) == 0) continue;
    if (const auto trouble = rounds.make("u" + std::to_string(at)); !trouble.empty())
      return could_not_begin(trouble);
    OperationLog log(trial.directory());
    const auto met = trace(rounds.delivering({"d1"}), {Tampering::Way::fail, at, EIO}, &log);
    const auto done = "made " + shown_call(peace.trace, at) + ", fail with EIO";
    PIGEON_EXPECT(met.ended() && met.said.size() == 1, done, "an answer", met.how_it_ended());
    if (!Answer::parse(met.said.front()).is_ok()) continue;
    const PowerLoss power(log);
    power.build(power.last(), trial.directory());
    const auto found = rounds.look_for("d1");
    PIGEON_EXPECT(found.is_there_among(1), done + ", and had success; then took the power away",
                  "one whole copy", found.shown());
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MDA-41", Weight::must, 4, PIGEON_KIND_MDA,
          "What was delivered survives a power failure, and a delivery that it interrupted can be repeated",
          "computes, from the log of the calls of two deliveries, everything that a disk may hold, and looks "
          "into each as a new process",
          kDeliver, delivered_survives, kSeconds},
    Check{"MDA-42", Weight::must, 4, PIGEON_KIND_MDA,
          "Whenever a delivery is killed, its message is there whole or not at all, and once after the next "
          "attempt",
          "kills a delivery before and after each call that changes something, and delivers again", kDeliver,
          delivers_though_killed, kSeconds},
    Check{
        "MDA-43", Weight::must, 4, PIGEON_KIND_MDA,
        "Whatever call fails, a delivery tells no success without its message, and no failure that is final",
        "makes each call fail once with each of EIO, ENOSPC, EDQUOT, EINTR, EMFILE and EACCES that it may "
        "answer, and delivers again",
        kDeliver, delivers_though_calls_fail, kSeconds},
    Check{"MDA-44", Weight::must, 4, PIGEON_KIND_MDA, "A flush that failed is not tried again into a success",
          "makes each flush fail once; if that is called a success, takes the power away", kDeliver,
          failed_flush_is_final, kSeconds},
    Check{"MDA-45", Weight::must, 4, PIGEON_KIND_MDA,
          "Whenever the making of a mailbox is killed, doing it again makes a mailbox that takes mail",
          "kills ensure before and after each call that changes something, ensures again, and delivers",
          kEnsure, ensures_though_killed, kSeconds},
    Check{"MDA-46", Weight::must, 4, PIGEON_KIND_MDA,
          "Whatever call fails, the making of a mailbox tells no success without one, and no failure that is "
          "final",
          "makes each call of ensure fail once with each error that it may answer, ensures again, and "
          "delivers",
          kEnsure, ensures_though_calls_fail, kSeconds},
    Check{"MDA-47", Weight::must, 4, PIGEON_KIND_MDA,
          "A mailbox that was made survives a power failure; one that was not can be made after it",
          "computes, from the log of the calls of ensure, everything that a disk may hold, and delivers to "
          "each",
          kEnsure, made_survives, kSeconds},
};

}  // namespace

std::span<const Check> mda_fault_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
