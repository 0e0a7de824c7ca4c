// SPDX-License-Identifier: MIT
//
// The locks of an mbox by which programs that know nothing of each other keep apart: fcntl, flock, and the
// dotlock, which is a file NAME.lock beside it. All that are configured are taken, in their order, without
// waiting for any; where one is not to be had, those that were taken are given back, and all is tried again a
// little later: so no two programs wait for each other for ever, whatever their orders are.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mda_mbox {

enum class LockKind { fcntl, flock, dotlock };

struct LockRules {
  std::vector<LockKind> order;
  std::chrono::nanoseconds stale{};  // the age at which a dotlock is nobody's any more

  static pigeon::Result<LockRules> of(std::span<const std::string> names, std::chrono::nanoseconds stale);
};

// Excludes everybody else who opened the file, other threads of this process as well, as long as the file is
// open. Nothing: somebody has it.
pigeon::Result<bool> try_to_lock(const pigeon::Fd& file, bool is_shared, const std::string& shown);

// Waits for that. A failure that is PIGEON_BUSY: until the deadline somebody else had it.
pigeon::Done lock_within(const pigeon::Fd& file, const std::string& shown, pigeon::Deadline deadline);

// The locks of one mbox, as long as it lives. The kernel's end when the file is closed; the dotlock is
// removed.
class SpoolLock {
 public:
  // Nothing: somebody else has one of them. Then the caller closes the file before he tries again.
  static pigeon::Result<std::optional<SpoolLock>> attempt(const pigeon::Directory& directory,
                                                          const std::string& name, const pigeon::Fd& file,
                                                          const LockRules& rules);

  SpoolLock(const SpoolLock&) = delete;
  SpoolLock& operator=(const SpoolLock&) = delete;
  SpoolLock(SpoolLock&& other) noexcept
      : directory_(std::exchange(other.directory_, nullptr)),
        dotlock_(std::move(other.dotlock_)),
        dotlock_file_(std::move(other.dotlock_file_)) {}
  SpoolLock& operator=(SpoolLock&&) = delete;
  ~SpoolLock();

  // Whether nobody has taken the dotlock away for being old.
  [[nodiscard]] bool is_held() const;

 private:
  explicit SpoolLock(const pigeon::Directory& directory) : directory_(&directory) {}
  pigeon::Result<bool> take_dotlock(const std::string& name, const LockRules& rules);

  const pigeon::Directory* directory_;
  std::string dotlock_;
  pigeon::Fd dotlock_file_;  // open, so that no file that another program makes gets its number
};

// Sleeps for a time that grows from call to call and differs from process to process. False: the deadline has
// come.
class Patience {
 public:
  // Keeps a part of the time for what is to be done with the lock.
  explicit Patience(pigeon::Deadline deadline) : until_(pigeon::Deadline::in(deadline.left() / 10 * 9)) {}
  bool wait();

 private:
  pigeon::Deadline until_;
  std::chrono::microseconds longest_{1000};
};

}  // namespace mda_mbox
