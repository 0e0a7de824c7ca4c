// SPDX-License-Identifier: MIT
#include "trace.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pigeon::testing {

Trace& trace() {
  static Trace traced;
  return traced;
}

Trace& start_trace(const std::string& fails, int error) {
  return trace() = {.calls = {}, .fails = fails, .error = error};
}

int Trace::position(const std::string& call) const {
  const auto found = std::find(calls.begin(), calls.end(), call);
  return found == calls.end() ? -1 : static_cast<int>(found - calls.begin());
}

namespace {

bool passes(const std::string& call) {
  trace().calls.push_back(call);
  if (trace().fails != call) return true;
  errno = trace().error;
  return false;
}

}  // namespace
}  // namespace pigeon::testing

using pigeon::testing::passes;

// The C library's parameter names are reserved ones.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int fsync(int fd) {
  struct stat status = {};
  ::fstat(fd, &status);
  if (!passes(S_ISDIR(status.st_mode) ? "flush directory" : "flush file")) return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

ssize_t write(int fd, const void* bytes, size_t size) {
  if (!passes("write")) return -1;
  return ::syscall(SYS_write, fd, bytes, size);
}

int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) noexcept {
  if (!passes("link")) return -1;
  return static_cast<int>(::syscall(SYS_linkat, from_directory, from, to_directory, to, flags));
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  if (!passes("rename")) return -1;
  return static_cast<int>(::syscall(SYS_renameat, from_directory, from, to_directory, to));
}
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
