// SPDX-License-Identifier: MIT
//
// A creator that keeps every promise, in steps that a mutant can get wrong one at a time: under the lock
// where the tree has locks, else on the condition that there is no allocation yet.
#pragma once

#include <pigeon/sdk/creator.hpp>

#include <memory>
#include <optional>

namespace specimen {

using namespace pigeon;  // NOLINT(google-build-using-namespace): every mutant speaks of plugins

class Creator {
 public:
  Creator(Host host, const Settings& /*settings*/) : host_(host) {}
  Creator(const Creator&) = delete;
  Creator& operator=(const Creator&) = delete;
  Creator(Creator&&) = delete;
  Creator& operator=(Creator&&) = delete;
  virtual ~Creator() = default;

  virtual Done obtain(Allocating& allocating) {
    while (!gives_up(allocating)) {
      const auto locked = lock(allocating);
      if (!locked && locked.failure().status != PIGEON_UNSUPPORTED) return locked.failure();
      const auto committed = allocate_and_unlock(allocating, !!locked);
      if (!committed) return committed.failure();
      if (*committed) return {};
      // Somebody was first, or took the lock over: the next round reads what there is now.
    }
    return failure(PIGEON_TIMEOUT, "others were always first, until the deadline");
  }

 protected:
  virtual bool gives_up(Allocating& allocating) { return allocating.deadline().passed(); }
  virtual Done lock(Allocating& allocating) { return allocating.lock(lease(allocating)); }
  virtual nanoseconds lease(Allocating& allocating) { return allocating.deadline().left() / 8; }
  virtual void unlock(Allocating& allocating) {
    // The allocation counts: a lock that stays is overtaken after its lease.
    if (const auto unlocked = allocating.unlock(); !unlocked) host_.warning(unlocked.failure().detail);
  }
  // The lock is given back also where memory is short.
  Result<bool> allocate_and_unlock(Allocating& allocating, bool is_locked) try {
    auto committed = allocate(allocating, is_locked ? Condition::locked : Condition::if_absent);
    if (is_locked) unlock(allocating);
    return committed;
  } catch (const std::bad_alloc&) {
    if (is_locked) unlock(allocating);
    throw;
  }
  // False: the condition did not hold.
  virtual Result<bool> allocate(Allocating& allocating, Condition condition) {
    if (PIGEON_TRY(allocating.read())) return true;
    PIGEON_TRY(allocating.propose());
    return allocating.commit(condition);
  }

  Host host_;
};

inline constexpr About kAbout = {PIGEON_SPECIMEN_NAME, "1.0", "shows what a check looks for"};

// Opens a mutant, whose steps are those of Creator but for one.
template <typename Mutant>
class Allocates : public Creator {
 public:
  using Creator::Creator;
  static Result<std::unique_ptr<Mutant>> open(Host host, const Settings& settings) {
    return std::make_unique<Mutant>(host, settings);
  }
};

}  // namespace specimen
