// SPDX-License-Identifier: MIT
//
// creator-lock: allocates under the principal's lock in the tree. The lock is a lease with a token, and the
// write carries the token: a holder that was stopped for longer than its lease, and has been overtaken,
// cannot write.
#pragma once

#include <pigeon/sdk/creator.hpp>

#include <memory>
#include <new>

namespace creator_lock {

// Gives the lock back however the work under it ends: also when memory is short, and that is thrown.
class Held {
 public:
  Held(pigeon::Allocating& allocating, pigeon::Host& host) : allocating_(&allocating), host_(&host) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  Held(Held&&) = delete;
  Held& operator=(Held&&) = delete;
  ~Held() {
    // The allocation counts, not the unlocking: a lock that stays is overtaken after its lease.
    try {
      if (const auto unlocked = allocating_->unlock(); !unlocked)
        host_->warning("unlock: " + unlocked.failure().detail);
    } catch (const std::bad_alloc&) {
      return;  // a record less
    }
  }

 private:
  pigeon::Allocating* allocating_;
  pigeon::Host* host_;
};

class Lock {
 public:
  explicit Lock(pigeon::Host host, const pigeon::Settings& settings)
      : host_(host), lease_(settings.time("lease")) {}

  static pigeon::Result<std::unique_ptr<Lock>> open(pigeon::Host host, const pigeon::Settings& settings) {
    return std::make_unique<Lock>(host, settings);
  }

  pigeon::Done obtain(pigeon::Allocating& allocating) {
    while (!allocating.deadline().passed()) {
      PIGEON_TRY(allocating.lock(lease_));
      const auto committed = [&] {
        const Held held(allocating, host_);
        return commit_locked(allocating);
      }();
      if (!committed) return committed.failure();
      if (*committed) return {};
      // The lock was lost before the write. Whoever took it has written, or will have been overtaken.
    }
    return pigeon::failure(PIGEON_TIMEOUT, "the lock was lost again and again until the deadline");
  }

 private:
  static pigeon::Result<bool> commit_locked(pigeon::Allocating& allocating) {
    if (PIGEON_TRY(allocating.read())) return true;
    PIGEON_TRY(allocating.propose());
    return PIGEON_TRY(allocating.commit(pigeon::Condition::locked));
  }

  pigeon::Host host_;
  pigeon::nanoseconds lease_;
};

}  // namespace creator_lock
