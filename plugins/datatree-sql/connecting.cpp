// SPDX-License-Identifier: MIT
#include "connecting.hpp"

#include <pigeon/sdk/values.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

namespace datatree_sql {
namespace {

// Those that a program which is started now would have.
std::set<int> inherited_sockets() {
  std::set<int> found;
  const auto close = [](DIR* opened) { ::closedir(opened); };
  const std::unique_ptr<DIR, decltype(close)> directory(::opendir("/proc/self/fd"), close);
  while (const auto* entry =
             directory ? ::readdir(directory.get()) : nullptr) {  // NOLINT(concurrency-mt-unsafe)
    const auto number = pigeon::number(static_cast<const char*>(entry->d_name));
    if (!number) continue;
    const int descriptor = static_cast<int>(*number);
    struct stat status = {};
    const int flags = ::fcntl(descriptor, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0 && ::fstat(descriptor, &status) == 0 &&
        S_ISSOCK(status.st_mode))
      found.insert(descriptor);
  }
  return found;
}

}  // namespace

Connecting::Connecting() : inherited_(inherited_sockets()) {
  ::sigaction(SIGPIPE, nullptr, &on_broken_pipe_);
}

Connecting::~Connecting() {
  ::sigaction(SIGPIPE, &on_broken_pipe_, nullptr);
  for (const int each : inherited_sockets()) {
    if (!inherited_.contains(each)) ::fcntl(each, F_SETFD, FD_CLOEXEC);
  }
}

}  // namespace datatree_sql
