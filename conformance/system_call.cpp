// SPDX-License-Identifier: MIT
#include "conformance/system_call.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

namespace pigeon::conformance {
namespace {

constexpr std::uint32_t kMakes = kChanges | kOpens | kGrows | kWaits | kNames;
constexpr std::uint32_t kWrites = kChanges | kGrows | kWaits;
constexpr std::uint32_t kRenames = kChanges | kGrows | kNames;
constexpr std::uint32_t kFlush = kChanges | kGrows | kWaits | kFlushes;

struct Known {
  const char* name;
  std::uint32_t traits;
};

// Older architectures have calls that newer ones do without.
const std::unordered_map<long, Known>& all_known() {  // NOLINT(readability-function-size): a table
  static const std::unordered_map<long, Known> known = {
#define KNOWN(name_, traits_) \
  {                           \
    SYS_##name_, {            \
#name_, traits_         \
    }                         \
  }
#ifdef SYS_open
      KNOWN(open, kMakes),
      KNOWN(creat, kMakes),
      KNOWN(rename, kRenames),
      KNOWN(link, kRenames),
      KNOWN(symlink, kRenames),
      KNOWN(mkdir, kRenames),
      KNOWN(mknod, kRenames),
      KNOWN(unlink, kChanges | kNames),
      KNOWN(rmdir, kChanges | kNames),
      KNOWN(chmod, kChanges | kNames),
      KNOWN(chown, kChanges | kNames),
      KNOWN(lchown, kChanges | kNames),
      KNOWN(utime, kChanges | kNames),
      KNOWN(utimes, kChanges | kNames),
      KNOWN(futimesat, kChanges | kNames),
      KNOWN(stat, kLooks | kNames),
      KNOWN(lstat, kLooks | kNames),
      KNOWN(access, kLooks | kNames),
      KNOWN(readlink, kLooks | kNames),
      KNOWN(getdents, kLooks),
      KNOWN(dup2, kLooks | kOpens),
      KNOWN(pipe, kLooks | kOpens),
      KNOWN(fork, kProcess),
      KNOWN(vfork, kProcess),
      KNOWN(alarm, kProcess),
#endif
#ifdef SYS_renameat
      KNOWN(renameat, kRenames),
#endif
#ifdef SYS_newfstatat
      KNOWN(newfstatat, kLooks | kNames),
#endif
      KNOWN(openat, kMakes),
      KNOWN(openat2, kMakes),
      KNOWN(write, kWrites),
      KNOWN(pwrite64, kWrites),
      KNOWN(writev, kWrites),
      KNOWN(pwritev, kWrites),
      KNOWN(pwritev2, kWrites),
      KNOWN(ftruncate, kWrites),
      KNOWN(truncate, kWrites | kNames),
      KNOWN(fallocate, kWrites),
      KNOWN(renameat2, kRenames),
      KNOWN(linkat, kRenames),
      KNOWN(symlinkat, kRenames),
      KNOWN(mkdirat, kRenames),
      KNOWN(mknodat, kRenames),
      KNOWN(unlinkat, kChanges | kNames),
      KNOWN(fchmod, kChanges),
      KNOWN(fchmodat, kChanges | kNames),
      KNOWN(fchown, kChanges),
      KNOWN(fchownat, kChanges | kNames),
      KNOWN(utimensat, kChanges | kNames),
      KNOWN(setxattr, kRenames),
      KNOWN(lsetxattr, kRenames),
      KNOWN(fsetxattr, kRenames),
      KNOWN(removexattr, kChanges | kNames),
      KNOWN(lremovexattr, kChanges | kNames),
      KNOWN(fremovexattr, kChanges | kNames),
      KNOWN(fsync, kFlush),
      KNOWN(fdatasync, kFlush),
      KNOWN(syncfs, kFlush),
      KNOWN(sync, kChanges),  // tells of no failure
      KNOWN(sync_file_range, kChanges),
      KNOWN(close, kCloses),
      KNOWN(fstat, kLooks),
      KNOWN(statx, kLooks | kNames),
      KNOWN(faccessat, kLooks | kNames),
      KNOWN(faccessat2, kLooks | kNames),
      KNOWN(readlinkat, kLooks | kNames),
      KNOWN(statfs, kLooks | kNames),
      KNOWN(fstatfs, kLooks),
      KNOWN(read, kLooks | kWaits),
      KNOWN(pread64, kLooks | kWaits),
      KNOWN(readv, kLooks | kWaits),
      KNOWN(preadv, kLooks | kWaits),
      KNOWN(getdents64, kLooks),
      KNOWN(flock, kLooks | kWaits),
      KNOWN(fcntl, 0),
      KNOWN(ioctl, 0),
      KNOWN(dup, kLooks | kOpens),
      KNOWN(dup3, kLooks | kOpens),
      KNOWN(pipe2, kLooks | kOpens),
      KNOWN(memfd_create, kLooks | kOpens),
      KNOWN(epoll_create1, kLooks | kOpens),
      KNOWN(eventfd2, kLooks | kOpens),
      KNOWN(socket, kTalks | kLooks | kOpens),
      KNOWN(connect, kTalks | kLooks | kWaits | kNames),
      KNOWN(bind, kTalks),
      KNOWN(sendto, kTalks | kLooks | kWaits),
      KNOWN(sendmsg, kTalks | kLooks | kWaits),
      KNOWN(sendmmsg, kTalks | kLooks | kWaits),
      KNOWN(recvfrom, kTalks | kLooks | kWaits),
      KNOWN(recvmsg, kTalks | kLooks | kWaits),
      KNOWN(mmap, 0),
      KNOWN(mprotect, 0),
      KNOWN(msync, 0),
      KNOWN(sendfile, kHides),
      KNOWN(splice, kHides),
      KNOWN(copy_file_range, kHides),
      KNOWN(io_submit, kHides),
      KNOWN(io_uring_setup, kHides),
      KNOWN(io_uring_enter, kHides),
      KNOWN(clone, kProcess),
      KNOWN(clone3, kProcess),
      KNOWN(execve, kProcess),
      KNOWN(execveat, kProcess),
      KNOWN(kill, kProcess),
      KNOWN(tkill, kProcess),
      KNOWN(tgkill, kProcess),
      KNOWN(rt_sigaction, kProcess),
      KNOWN(rt_sigprocmask, kProcess),
      KNOWN(sigaltstack, kProcess),
      KNOWN(signalfd4, kProcess),
      KNOWN(setitimer, kProcess),
      KNOWN(timer_create, kProcess),
      KNOWN(umask, kProcess),
      KNOWN(chdir, kProcess),
      KNOWN(fchdir, kProcess),
      KNOWN(chroot, kProcess),
      KNOWN(setuid, kProcess),
      KNOWN(setgid, kProcess),
      KNOWN(setresuid, kProcess),
      KNOWN(setresgid, kProcess),
      KNOWN(setgroups, kProcess),
      KNOWN(setsid, kProcess),
      KNOWN(setpgid, kProcess),
      KNOWN(setpriority, kProcess),
      KNOWN(setrlimit, kProcess),
      KNOWN(unshare, kProcess),
      KNOWN(setns, kProcess),
      KNOWN(seccomp, kProcess),
#undef KNOWN
  };
  return known;
}

bool locks(const SystemCall& call) {
  const auto command = static_cast<int>(call.arguments[1]);
  return call.number == SYS_fcntl &&
         (command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW);
}

}  // namespace

std::uint32_t traits_of(long number) {
  const auto found = all_known().find(number);
  return found == all_known().end() ? 0 : found->second.traits;
}

std::string name_of(long number) {
  const auto found = all_known().find(number);
  return found == all_known().end() ? "system call " + std::to_string(number) : found->second.name;
}

bool changes_state(const SystemCall& call) {
  const auto traits = traits_of(call.number);
  if ((traits & kChanges) == 0 || (traits & kOpens) == 0) return (traits & kChanges) != 0;
  return (call.open_flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))) != 0;
}

bool can_fail(const SystemCall& call) {
  constexpr auto kFails = kChanges | kLooks | kCloses;
  return locks(call) || ((traits_of(call.number) & kFails) != 0 && call.number != SYS_sync);
}

std::vector<int> errors_of(const SystemCall& call) {
  if (locks(call)) return {EINTR, EACCES};
  const auto traits = traits_of(call.number);
  if (call.receives) return {ECONNRESET, kHungUp, EINTR};
  if (call.number == SYS_connect) return {ECONNREFUSED, ETIMEDOUT, EINTR, EACCES};
  std::vector<int> errors = {EIO};
  const bool makes = (traits & kChanges) != 0 && changes_state(call);
  if ((traits & kGrows) != 0 && makes) errors.insert(errors.end(), {ENOSPC, EDQUOT});
  if ((traits & kCloses) != 0) errors.insert(errors.end(), {ENOSPC, EDQUOT, EINTR});
  if ((traits & kWaits) != 0) errors.push_back(EINTR);
  if ((traits & kOpens) != 0) errors.push_back(EMFILE);
  if ((traits & kNames) != 0) errors.push_back(EACCES);
  return errors;
}

std::string name_of_error(int error) {
  return error == kHungUp ? "nothing, as if the other side had hung up" : strerrorname_np(error);
}

}  // namespace pigeon::conformance
