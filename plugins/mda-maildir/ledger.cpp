// SPDX-License-Identifier: MIT
#include "ledger.hpp"

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

namespace mda_maildir {
namespace {

using pigeon::Done;
using pigeon::Result;

// No queue keeps a message for longer: five days by default in Postfix and OpenSMTPD, four in Exim. An id is
// kept for two to three weeks.
constexpr std::uint64_t kWeeksKept = 2;
constexpr std::uint64_t kWeek = 604'800;  // seconds

std::uint64_t this_week() {
  return static_cast<std::uint64_t>(std::time(nullptr)) / kWeek;
}

pigeon::Failure damaged(const std::string& shown) {
  return pigeon::misconfigured("open " + shown + ": it is gone")
      .with_remedy("mkdir -m 700 " + pigeon::shell_word(shown));
}

}  // namespace

Result<Ledger> Ledger::open(const pigeon::Directory& own) {
  auto pending = PIGEON_TRY(own.find("pending"));
  if (!pending) return damaged(own.below("pending"));
  auto done = PIGEON_TRY(own.find("done"));
  if (!done) return damaged(own.below("done"));
  Ledger ledger(*std::move(pending), *std::move(done));
  PIGEON_TRY(ledger.look_for_weeks());
  return ledger;
}

// Opened anew: of a directory that stays open, a network file system may tell from memory what was there.
Done Ledger::look_for_weeks() {
  weeks_.clear();
  for (const auto& name : PIGEON_TRY(done_.names())) {
    if (auto week = PIGEON_TRY(done_.find(name))) weeks_.emplace(name, *std::move(week));
  }
  return {};
}

// All weeks that are there are looked through, so that a clock that jumps makes no difference.
Result<bool> Ledger::is_done(const std::string& id) const {
  for (const auto& [name, week] : weeks_) {
    if (PIGEON_TRY(week.has(id))) return true;
  }
  return false;
}

Result<std::optional<Claim>> Ledger::try_claim(const std::string& entry) {
  Claim claim;
  claim.entry = entry;
  for (;;) {
    auto created = PIGEON_TRY(pending_.create_file(entry));
    claim.was_begun = !created;
    if (!created) created = PIGEON_TRY(pending_.open_file(entry));
    if (!created) continue;  // it was finished between the two
    claim.lock = *std::move(created);
    if (::flock(claim.lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      return pigeon::system_failure("lock " + pending_.below(entry), errno);
    }
    // Whoever held the lock may have finished, and moved the file away, while we waited for it to open.
    struct stat ours = {};
    struct stat named = {};
    if (::fstat(claim.lock.get(), &ours) != 0)
      return pigeon::system_failure("examine " + pending_.below(entry), errno);
    if (::fstatat(pending_.fd(), entry.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        named.st_ino == ours.st_ino) {
      return claim;
    }
  }
}

Result<std::optional<Claim>> Ledger::claim(const std::string& id, bool is_unique) {
  if (is_unique) {
    if (PIGEON_TRY(is_done(id))) return std::nullopt;
    auto claimed = PIGEON_TRY(try_claim(id));
    if (!claimed) {
      return pigeon::failure(PIGEON_BUSY,
                             "deliver " + id + ": another process is delivering the same message now")
          .with_remedy("nothing; the next attempt finds out how it ended");
    }
    // It may have been finished after we looked, and before we had the lock; in a week that had not begun
    // then.
    PIGEON_TRY(look_for_weeks());
    if (PIGEON_TRY(is_done(id))) {
      PIGEON_TRY(abandon(*claimed));
      return std::nullopt;
    }
    claimed->token = id;
    claimed->is_unique = true;
    return claimed;
  }
  for (const auto& entry : PIGEON_TRY(pending_.names())) {
    has_others_ = true;
    if (!pigeon::starts_with(entry, id + "-")) continue;
    auto claimed = PIGEON_TRY(try_claim(entry));
    if (!claimed) continue;  // an equal message, being delivered now: another one
    if (!claimed->was_begun) {
      // That one has ended meanwhile, and what we hold is new. Its token is the token of another message.
      PIGEON_TRY(abandon(*claimed));
      continue;
    }
    claimed->token = entry.substr(id.size() + 1);
    return claimed;
  }
  const auto token = PIGEON_TRY(pigeon::random_token());
  auto claimed = PIGEON_TRY(try_claim(id + "-" + token));
  if (!claimed) return pigeon::temporary("lock a file that was just made in " + pending_.shown());
  claimed->token = token;
  return claimed;
}

// A claim that was made before is seen here, and its lock with it; between its name and its lock its process
// has yet to look whether it may go on. Whoever dies lets go of his lock.
Done Ledger::wait_for_all(pigeon::Deadline deadline) const {
  constexpr auto kPause = std::chrono::milliseconds(10);
  for (const auto& entry : PIGEON_TRY(pending_.names())) {
    for (;;) {
      const auto file = PIGEON_TRY(pending_.open_file(entry));
      if (!file || ::flock(file->get(), LOCK_SH | LOCK_NB) == 0) break;
      if (errno != EWOULDBLOCK) return pigeon::system_failure("lock " + pending_.below(entry), errno);
      if (deadline.passed()) {
        return pigeon::failure(PIGEON_BUSY,
                               "wait for the delivery " + pending_.below(entry) + ": it did not end in time")
            .with_remedy("try again; no delivery is begun any more");
      }
      std::this_thread::sleep_for(std::min<pigeon::nanoseconds>(kPause, deadline.left()));
    }
  }
  return {};
}

Result<Ledger::Week> Ledger::current_week() {
  const auto name = std::to_string(this_week());
  if (const auto known = weeks_.find(name); known != weeks_.end()) return Week{&known->second, false};
  auto found = PIGEON_TRY(done_.find(name));
  const bool is_new = !found;
  if (is_new) found = PIGEON_TRY(done_.make(name));
  return Week{&weeks_.emplace(name, *std::move(found)).first->second, is_new};
}

Done Ledger::finish(const Claim& claim, const RemoveLeftover& remove_leftover) {
  if (!claim.is_unique) {
    PIGEON_TRY(abandon(claim));
    return has_others_ && remove_leftover ? forget_attempts(remove_leftover) : Done();
  }
  const auto week = PIGEON_TRY(current_week());
  PIGEON_TRY(pending_.rename(claim.entry, *week.directory, claim.entry));
  if (!remove_leftover) return {};
  if (week.is_new) PIGEON_TRY(forget_attempts(remove_leftover));
  return forget_weeks();
}

// The last name before stays: nobody who looks from week to week meanwhile misses both. Those before it go,
// or a mailbox that is only copied to would keep as many names of each message as it was copied in weeks.
Done Ledger::renew(const std::string& id) {
  const auto* current = PIGEON_TRY(current_week()).directory;
  PIGEON_TRY(current->create_file(id));
  bool has_another = false;
  for (auto each = weeks_.rbegin(); each != weeks_.rend(); ++each) {
    if (&each->second == current || !PIGEON_TRY(each->second.has(id))) continue;
    if (std::exchange(has_another, true)) PIGEON_TRY(each->second.remove(id));
  }
  return {};
}

Done Ledger::abandon(const Claim& claim) {
  PIGEON_TRY(pending_.remove(claim.entry));
  return {};
}

// What was begun and never ended, and whose queue has long given up. The lock keeps out whoever comes with it
// after all.
Done Ledger::forget_attempts(const RemoveLeftover& remove_leftover) {
  for (const auto& entry : PIGEON_TRY(pending_.names())) {
    struct stat status = {};
    if (::fstatat(pending_.fd(), entry.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const auto age = std::time(nullptr) - status.st_mtime;
    if (age <= static_cast<std::time_t>((kWeeksKept + 1) * kWeek)) continue;
    if (--may_forget_ < 0) return {};
    const auto claimed = PIGEON_TRY(try_claim(entry));
    if (!claimed) continue;
    const auto dash = entry.rfind('-');
    PIGEON_TRY(remove_leftover(dash == std::string::npos ? entry : entry.substr(dash + 1)));
    PIGEON_TRY(abandon(*claimed));
  }
  return {};
}

// What is too much for one time is left to the next deliveries.
Done Ledger::forget_weeks() {
  for (auto each = weeks_.begin(); each != weeks_.end() && may_forget_ > 0;) {
    const auto& [name, week] = *each;
    const auto number = pigeon::number(name);
    if (!number || *number + kWeeksKept >= this_week()) {
      ++each;
      continue;
    }
    for (const auto& id : PIGEON_TRY(week.names())) {
      if (--may_forget_ < 0) return {};
      PIGEON_TRY(week.remove(id));
    }
    PIGEON_TRY(done_.remove(name, AT_REMOVEDIR));
    each = weeks_.erase(each);
  }
  return {};
}

}  // namespace mda_maildir
