// SPDX-License-Identifier: MIT
#include "connecting.hpp"

#include <pigeon/sdk/values.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <new>

namespace sql_server {
namespace {

// Those that a program which is started now would have. Allocates nothing.
template <typename Visit>
void for_each_inherited_socket(DIR* directory, const Visit& visit) {
  if (directory == nullptr) return;
  ::rewinddir(directory);
  while (const auto* entry = ::readdir(directory)) {  // NOLINT(concurrency-mt-unsafe)
    const auto number = pigeon::number(static_cast<const char*>(entry->d_name));
    if (!number) continue;
    const int descriptor = static_cast<int>(*number);
    struct stat status = {};
    const int flags = ::fcntl(descriptor, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0 && ::fstat(descriptor, &status) == 0 &&
        S_ISSOCK(status.st_mode))
      visit(descriptor);
  }
}

}  // namespace

Connecting::Connecting() : directory_(::opendir("/proc/self/fd")) {
  if (!directory_ && errno == ENOMEM) throw std::bad_alloc();
  for_each_inherited_socket(directory_.get(), [&](int each) { inherited_.insert(each); });
  ::sigaction(SIGPIPE, nullptr, &on_broken_pipe_);
}

Connecting::~Connecting() {
  ::sigaction(SIGPIPE, &on_broken_pipe_, nullptr);
  for_each_inherited_socket(directory_.get(), [&](int each) {
    if (!inherited_.contains(each)) ::fcntl(each, F_SETFD, FD_CLOEXEC);
  });
}

}  // namespace sql_server
