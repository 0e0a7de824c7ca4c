// SPDX-License-Identifier: MIT
#include "spool_lock.hpp"

#include "folder.hpp"

#include <pigeon/sdk/text.hpp>

#include <linux/magic.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <ctime>
#include <thread>

namespace mda_mbox {
namespace {

using pigeon::Directory;
using pigeon::Done;
using pigeon::Fd;
using pigeon::Result;

// A larger file is no lock, whatever it is called.
constexpr std::size_t kLargestDotlock = 512;
// On a dotlock of ours. It is there with the name, whatever becomes of the content; and whoever finds it, and
// excludes our other processes from the mailbox, knows that its owner has died.
constexpr mode_t kOurs = S_ISVTX;

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name = {};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Result<bool> try_flock(const Fd& file, const std::string& shown) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return pigeon::system_failure("lock " + shown, errno);
}

// Whether a process id means the same to us as to whoever wrote it, where he named no host.
bool is_local(const Directory& directory) {
  struct statfs status = {};
  return ::fstatfs(directory.fd(), &status) == 0 && status.f_type != NFS_SUPER_MAGIC;
}

struct Owner {
  std::optional<std::uint64_t> pid;
  std::string_view host;
};
// What a dotlock says: "PID", or "PID:HOST".
Owner owner_of(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n "));
  const auto colon = text.find(':');
  return {pigeon::number(text.substr(0, colon)),
          colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1)};
}

// Whether the process that a dotlock names is known to be gone.
bool is_of_the_dead(std::string_view text, const Directory& directory) {
  const auto owner = owner_of(text);
  if (!owner.pid || *owner.pid == 0 || *owner.pid > INT_MAX) return false;
  if (owner.host.empty() ? !is_local(directory) : owner.host != host_name()) return false;
  return ::kill(static_cast<pid_t>(*owner.pid), 0) != 0 && errno == ESRCH;
}

// Whether a dotlock is nobody's any more. REQUIRES: nobody else of ours is at the mailbox.
bool is_stale(const Directory& directory, const std::string& name, const struct stat& status,
              const LockRules& rules) {
  if (!S_ISREG(status.st_mode) || status.st_size > static_cast<off_t>(kLargestDotlock)) return false;
  const auto age = std::chrono::seconds(std::time(nullptr) - std::max(status.st_mtime, status.st_ctime));
  if (age > rules.stale) return true;
  const auto text = directory.read_file(name, kLargestDotlock);
  if (!text || !*text) return false;
  const bool is_ours = (status.st_mode & kOurs) != 0 && status.st_uid == ::geteuid();
  if (is_ours && ((*text)->empty() || owner_of(**text).host == host_name())) return true;
  return is_of_the_dead(**text, directory);
}

// Removes a dotlock that is nobody's any more. True: there is none now.
Result<bool> remove_stale(const Directory& directory, const std::string& name, const LockRules& rules) {
  struct stat status = {};
  if (::fstatat(directory.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return true;
    return pigeon::system_failure("examine " + directory.below(name), errno);
  }
  if (!is_stale(directory, name, status, rules)) return false;
  // It may have been replaced by a fresh one since we looked.
  struct stat again = {};
  if (::fstatat(directory.fd(), name.c_str(), &again, AT_SYMLINK_NOFOLLOW) != 0 ||
      again.st_ino != status.st_ino || again.st_ctim.tv_sec != status.st_ctim.tv_sec ||
      again.st_ctim.tv_nsec != status.st_ctim.tv_nsec) {
    return false;
  }
  PIGEON_TRY(directory.remove(name));
  return true;
}

}  // namespace

Result<LockRules> LockRules::of(std::span<const std::string> names, std::chrono::nanoseconds stale) {
  LockRules rules{.order = {}, .stale = stale};
  // Debian's policy, section 11.6.
  if (names.empty()) rules.order = {LockKind::fcntl, LockKind::dotlock};
  for (const auto& name : names) {
    const auto kind = name == "dotlock" ? LockKind::dotlock
                      : name == "flock" ? LockKind::flock
                                        : LockKind::fcntl;
    if (std::find(rules.order.begin(), rules.order.end(), kind) != rules.order.end()) {
      return pigeon::misconfigured("use \"locks\" of mda-mbox: " + name + " stands there twice")
          .with_remedy("name each kind of lock once, in the order of your other programs");
    }
    rules.order.push_back(kind);
  }
  return rules;
}

// A lock of the open file, not of the process: threads exclude each other, and closing another descriptor of
// the file does not end it. It conflicts with other programs' fcntl locks all the same.
Result<bool> try_to_lock(const Fd& file, bool is_shared, const std::string& shown) {
  struct flock lock = {};
  lock.l_type = is_shared ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (pigeon::retry([&] { return ::fcntl(file.get(), F_OFD_SETLK, &lock); }) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return pigeon::system_failure("lock " + shown, errno);
}

Done lock_within(const Fd& file, const std::string& shown, pigeon::Deadline deadline) {
  Patience patience(deadline);
  while (!PIGEON_TRY(try_to_lock(file, false, shown))) {
    if (patience.wait()) continue;
    return pigeon::failure(PIGEON_BUSY, "lock " + shown + ": another process has it until the time is up")
        .with_remedy("nothing, if it is busy; else find who has it with `fuser " + pigeon::shell_word(shown) +
                     "`");
  }
  return {};
}

bool Patience::wait() {
  constexpr std::chrono::microseconds kLongest{100'000};
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until_.left());
  if (left.count() == 0) return false;
  std::uint32_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) random = UINT32_MAX / 2;
  const auto share = std::chrono::microseconds(1 + static_cast<std::int64_t>(random) % longest_.count());
  std::this_thread::sleep_for(std::min(share, left));
  longest_ = std::min(longest_ * 3 / 2, kLongest);
  return true;
}

Result<bool> SpoolLock::take_dotlock(const std::string& name, const LockRules& rules) {
  std::string own = name;  // so that nothing can fail between the file and its being ours
  const auto create = [&] {
    return Fd(pigeon::retry([&] {
      return ::openat(directory_->fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      0600 | kOurs);
    }));
  };
  auto file = create();
  int error = file.is_open() ? 0 : errno;
  if (error == EEXIST && PIGEON_TRY(remove_stale(*directory_, name, rules))) {
    file = create();
    error = file.is_open() ? 0 : errno;
  }
  if (error == EEXIST) return false;
  // Nobody else has a dotlock of such a name either.
  if (error == ENAMETOOLONG) return true;
  if (error != 0) return pigeon::system_failure("create " + directory_->below(name), error);
  dotlock_.swap(own);
  dotlock_file_ = std::move(file);
  // As Dovecot has it; others read the number.
  PIGEON_TRY(pigeon::write_all(dotlock_file_, std::to_string(::getpid()) + ":" + host_name(),
                               directory_->below(name)));
  return true;
}

Result<std::optional<SpoolLock>> SpoolLock::attempt(const Directory& directory, const std::string& name,
                                                    const Fd& file, const LockRules& rules) {
  SpoolLock lock(directory);
  for (const auto kind : rules.order) {
    const bool is_taken =
        kind == LockKind::dotlock ? PIGEON_TRY(lock.take_dotlock(name + std::string(kLockSuffix), rules))
        : kind == LockKind::flock ? PIGEON_TRY(try_flock(file, directory.below(name)))
                                  : PIGEON_TRY(try_to_lock(file, false, directory.below(name)));
    if (!is_taken) return std::nullopt;
  }
  return std::optional<SpoolLock>(std::move(lock));
}

bool SpoolLock::is_held() const {
  if (directory_ == nullptr || dotlock_.empty()) return true;
  struct stat named = {};
  struct stat own = {};
  return ::fstat(dotlock_file_.get(), &own) == 0 && own.st_nlink != 0 &&
         ::fstatat(directory_->fd(), dotlock_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         named.st_ino == own.st_ino && named.st_dev == own.st_dev;
}

SpoolLock::~SpoolLock() {
  if (directory_ != nullptr && !dotlock_.empty() && is_held())
    ::unlinkat(directory_->fd(), dotlock_.c_str(), 0);
}

}  // namespace mda_mbox
