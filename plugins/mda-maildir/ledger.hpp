// SPDX-License-Identifier: MIT
//
// Which messages a mailbox has taken, so that a retry stores nothing twice, even after a reader has moved the
// first copy or thrown it away.
//
//   pending/ID        a delivery has begun; its process holds a lock on this file
//   done/WEEK/ID      a delivery has ended, in this week since 1970
//
// The name in pending is durable before the message appears, and is only moved to done after the message is
// durable. So at any time, also after a crash or a power failure:
//
//   in done                      the message was stored
//   in pending, not locked       an attempt did not end; the message may have appeared under a name with the
//   token in neither                   the message was never begun
//
// An id that may be another message's (no queue id) has a random token of its own, and is forgotten when it
// is done: only an attempt that did not end counts as the same.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace mda_maildir {

// The right to deliver one message, as long as it lives.
struct Claim {
  pigeon::Fd lock;
  std::string entry;  // the name in pending
  std::string token;  // to be part of the message's name
  bool was_begun = false;
  bool is_unique = false;
};

class Ledger {
 public:
  static pigeon::Result<Ledger> open(const pigeon::Directory& own);

  // Nothing: the message was stored before. A failure that is PIGEON_BUSY: another process is at it now.
  pigeon::Result<std::optional<Claim>> claim(const std::string& id, bool is_unique);

  // What was stored before, and is brought again by whoever copies a mailbox, is kept as if it were stored
  // now: so it is known the next time.
  pigeon::Done renew(const std::string& id);

  // Waits until no process is at any attempt that has begun. New ones are the caller's to keep out.
  pigeon::Done wait_for_all(pigeon::Deadline deadline) const;

  // Makes the claims durable; the caller may also flush the whole file system.
  [[nodiscard]] pigeon::Done flush() const { return pending_.flush(); }

  // The message is durable. `remove_leftover` is called with the token of each attempt that is forgotten for
  // its age, and removes what that one may have left. Without one nothing is forgotten: whoever copies a
  // mailbox brings what is old as well.
  using RemoveLeftover = std::function<pigeon::Done(const std::string& token)>;
  pigeon::Done finish(const Claim& claim, const RemoveLeftover& remove_leftover);
  // The message has not appeared, and will not.
  pigeon::Done abandon(const Claim& claim);

 private:
  Ledger(pigeon::Directory pending, pigeon::Directory done)
      : pending_(std::move(pending)), done_(std::move(done)) {}

  pigeon::Result<bool> is_done(const std::string& id) const;
  pigeon::Done look_for_weeks();
  struct Week {
    const pigeon::Directory* directory;
    bool is_new;
  };
  pigeon::Result<Week> current_week();
  // The lock on an entry of pending, made if it is not there; nothing if another process has it.
  pigeon::Result<std::optional<Claim>> try_claim(const std::string& entry);
  pigeon::Done forget_attempts(const RemoveLeftover& remove_leftover);
  pigeon::Done forget_weeks();

  // So that tidying up never takes long, however much there is.
  static constexpr int kMostForgotten = 500;

  pigeon::Directory pending_;
  pigeon::Directory done_;
  std::map<std::string, pigeon::Directory> weeks_;  // as they were seen last
  bool has_others_ = false;                         // in pending, as far as was seen
  int may_forget_ = kMostForgotten;
};

}  // namespace mda_maildir
