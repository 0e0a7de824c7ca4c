// SPDX-License-Identifier: MIT
#include "quiet.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <thread>

namespace mda_maildir {

pigeon::Result<Quiet> Quiet::begin(const pigeon::Directory& folder) {
  // File systems take the time from the last tick of the kernel's clock; there are a hundred in a second, or
  // more.
  constexpr std::int64_t kTicks = 20'000'000;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const auto nanoseconds = [](const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; };
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  Quiet quiet;
  for (const auto* part : kParts) {
    struct stat status = {};
    if (::fstatat(folder.fd(), part, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) return pigeon::system_failure("examine " + folder.below(part), errno);
      status = {};
    }
    const auto changed = nanoseconds(status.st_ctim);
    quiet.times_.insert(quiet.times_.end(),
                        {static_cast<std::int64_t>(status.st_ino), nanoseconds(status.st_mtim), changed});
    const auto age = nanoseconds(now) - changed;
    quiet.changed_just_now_ = quiet.changed_just_now_ || (age >= -kTicks && age < kTicks);
  }
  return quiet;
}

pigeon::Result<bool> Quiet::lasts(const pigeon::Directory& folder) const {
  return !changed_just_now_ && PIGEON_TRY(begin(folder)).times_ == times_;
}

pigeon::Done Patience::wait(const std::string& shown) {
  constexpr auto kLongest = std::chrono::milliseconds(64);
  if (deadline_.passed() || own_.passed()) {
    return pigeon::temporary("look at the messages in " + shown +
                             ": other programs rename them faster than they can be listed")
        .with_remedy("nothing, if it works later; else stop who reads this mailbox");
  }
  std::this_thread::sleep_for(pause_);
  pause_ = std::min(2 * pause_, kLongest);
  return {};
}

}  // namespace mda_maildir
