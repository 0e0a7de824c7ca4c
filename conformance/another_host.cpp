// SPDX-License-Identifier: MIT
#include "conformance/another_host.hpp"

#include "conformance/other_process.hpp"

#include <pigeon/sdk/file.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace pigeon::conformance {
namespace {

constexpr int kSpaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID;
// Where processes of one host meet.
constexpr std::array kShared = {"/tmp", "/var/tmp", "/dev/shm", "/run"};

bool put(const char* path, const std::string& text) {
  const Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file.is_open() && write_all(file, text, path);
}

// Who is not root is so in a space of users of his own.
bool enter_spaces() {
  if (::unshare(kSpaces) == 0) return true;
  const auto uid = std::to_string(::geteuid());
  const auto gid = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | kSpaces) != 0) return false;
  return put("/proc/self/uid_map", uid + " " + uid + " 1") && put("/proc/self/setgroups", "deny") &&
         put("/proc/self/gid_map", gid + " " + gid + " 1");
}

bool hide(const std::string& place) {
  return ::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0;
}

bool become_another_host(const std::string& directory) {
  if (!enter_spaces() || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  for (const auto* place : kShared) {
    if (::access(place, F_OK) == 0 && !hide(place)) return false;
  }
  std::error_code error;  // it was below one of them, or is where it was
  std::filesystem::create_directories(directory, error);
  return !error && hide(directory);
}

}  // namespace

int run_on_another_host(const std::string& directory, const std::function<int()>& body, Deadline deadline) {
  // The first process after it is the one that has process ids of its own.
  OtherProcess outer([&] {
    if (!become_another_host(directory)) return EXIT_FAILURE;
    OtherProcess inner(body);
    return inner.wait_until(deadline);
  });
  return outer.wait_until(deadline);
}

std::string why_no_other_hosts() {
  static const bool is_let = run_on_another_host(
                                 "/tmp/pigeon-another-host", [] { return EXIT_SUCCESS; },
                                 Deadline::in(std::chrono::seconds(10))) == EXIT_SUCCESS;
  return is_let ? "" : "this machine lets nobody have namespaces of his own, so there is no other host";
}

}  // namespace pigeon::conformance
