// SPDX-License-Identifier: MIT
#include "host/identity.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

namespace pigeon::host {
namespace {

struct User {
  uid_t uid;
  gid_t gid;
};

Result<User> look_up(const std::string& name) {
  std::vector<char> buffer(16'384);
  passwd entry = {};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return system_failure("look up the user '" + printable(name) + "'", error);
  if (found == nullptr) {
    return misconfigured("look up the user '" + printable(name) + "': there is none")
        .with_remedy("create the user, or correct \"user\" in the configuration");
  }
  return User{found->pw_uid, found->pw_gid};
}

// Each step is checked, and then the result, because a step that is skipped in silence leaves root's power.
Done drop_to(const User& user, const std::string& name) {
  if (::initgroups(name.c_str(), user.gid) != 0) return system_failure("take the groups of " + name, errno);
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return system_failure("become group of " + name, errno);
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return system_failure("become " + name, errno);
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  gid_t real_group = 0;
  gid_t effective_group = 0;
  gid_t saved_group = 0;
  if (::getresuid(&real, &effective, &saved) != 0 || real != user.uid || effective != user.uid ||
      saved != user.uid || ::getresgid(&real_group, &effective_group, &saved_group) != 0 ||
      real_group != user.gid || effective_group != user.gid || saved_group != user.gid || ::setuid(0) == 0) {
    return failure(PIGEON_BUG, "become " + name + ": the process still has another identity");
  }
  return {};
}

}  // namespace

Done become(const std::optional<std::string>& user, std::uint64_t minimum_uid) {
  // Before anything else: root's power that was lent to anybody must not become that of the mail's user.
  if (::getuid() != ::geteuid() || ::getgid() != ::getegid()) {
    return misconfigured("the program is installed set-uid or set-gid").with_remedy("chmod ug-s the program");
  }
  if (::geteuid() == 0) {
    if (!user) {
      return misconfigured("started as root, and the configuration names no \"user\" to become")
          .with_remedy("set \"user\" in the configuration, or have the MTA run the program as that user");
    }
    const auto found = PIGEON_TRY(look_up(*user));
    if (found.uid == 0 || found.gid == 0) {
      return misconfigured("the user '" + printable(*user) + "' is root, or in root's group")
          .with_remedy("set \"user\" to a user made for mail, such as vmail");
    }
    if (found.uid >= minimum_uid) PIGEON_TRY(drop_to(found, *user));
    if (found.uid < minimum_uid) {
      return misconfigured("the uid " + std::to_string(found.uid) + " of '" + printable(*user) +
                           "' is below the minimum, " + std::to_string(minimum_uid))
          .with_remedy("set \"user\" to a user made for mail, or lower \"minimumUid\"");
    }
    return {};
  }
  if (::geteuid() < minimum_uid) {
    return misconfigured("started under uid " + std::to_string(::geteuid()) +
                         ", which is below the minimum, " + std::to_string(minimum_uid))
        .with_remedy("have the MTA run the program as a user made for mail, or lower \"minimumUid\"");
  }
  return {};
}

void settle_process() {
  // What the caller closed is taken by something harmless. An input that is not there cannot be read, so that
  // it does not pass for an empty one.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", O_WRONLY);
  }
  ::umask(077);
  // How the caller takes signals is its own affair. With SIGCHLD ignored, a worker would end unseen.
  sigset_t none_blocked = {};
  ::sigemptyset(&none_blocked);
  ::sigprocmask(SIG_SETMASK, &none_blocked, nullptr);
  static_cast<void>(::signal(SIGCHLD, SIG_DFL));
  // Writing to a pipe that nobody reads, or beyond a file size limit, is an error to be handled, not a death.
  for (const int ignored : {SIGPIPE, SIGXFSZ}) static_cast<void>(::signal(ignored, SIG_IGN));
  const rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

void close_stray_descriptors() {
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
}

void clear_environment() {
  ::clearenv();
  ::setenv("PATH", "/usr/bin:/bin", 1);
}

}  // namespace pigeon::host
