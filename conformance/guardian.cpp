// SPDX-License-Identifier: MIT
#include "conformance/guardian.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/time.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <thread>

namespace pigeon::conformance {
namespace fs = std::filesystem;
namespace {

// For what is killed to be gone. A process that waits for a device takes longer than this; nothing else does.
constexpr std::chrono::seconds kDying(10);

int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left + 1, 0, 1'000'000));
}

// Their children become ours as they die: on it goes until there are none.
void bury_children() {
  for (const auto end = Deadline::in(kDying); !end.passed();) {
    for (const auto pid : own_children()) ::kill(pid, SIGKILL);
    const auto reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    if (reaped < 0) return;
    if (reaped == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

[[noreturn]] void be_guarded(const std::function<void()>& process, pid_t guardian) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == guardian) process();
  ::_exit(127);
}

// To `runner`, which is closed on its other side when the runner is gone.
[[noreturn]] void be_guardian(const std::function<void()>& process, Deadline deadline, const Fd& runner,
                              const std::string& directory) {
  ::setsid();  // whoever interrupts the runner must not end this before its work is done
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t self = ::getpid();
  const pid_t guarded = ::fork();
  if (guarded == 0) be_guarded(process, self);
  const Fd ended(guarded < 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, guarded, 0)));
  if (!ended.is_open()) ::_exit(EXIT_FAILURE);
  std::array<pollfd, 2> events = {{{ended.get(), POLLIN, 0}, {runner.get(), 0, 0}}};
  while (::poll(events.data(), events.size(), milliseconds_until(deadline)) <= 0 && !deadline.passed())
    continue;
  Guarded met = {events[0].revents != 0 ? Guarded::End::itself : Guarded::End::out_of_time, 0};
  if (met.end == Guarded::End::out_of_time) ::kill(guarded, SIGKILL);
  ::waitpid(guarded, &met.status, 0);
  bury_children();
  if (::send(runner.get(), &met, sizeof met, MSG_NOSIGNAL) == sizeof met) ::_exit(EXIT_SUCCESS);
  std::error_code ignored;  // nobody is left to be told
  fs::remove_all(directory, ignored);
  ::_exit(EXIT_FAILURE);
}

}  // namespace

std::vector<pid_t> own_children() {
  std::vector<pid_t> found;
  std::error_code ignored;  // a thread that has just ended has no children
  for (const auto& thread : fs::directory_iterator("/proc/self/task", ignored)) {
    const auto directory = Directory::open(thread.path());
    if (!directory || !*directory) continue;
    const auto file = (*directory)->open_file("children");
    if (!file || !*file) continue;
    std::string text;  // the kernel tells no size of this file
    std::array<char, 4096> chunk = {};
    for (ssize_t got = 0; (got = ::read((*file)->get(), chunk.data(), chunk.size())) > 0;)
      text.append(chunk.data(), static_cast<std::size_t>(got));
    for (const auto word : split(text, ' ')) {
      if (const auto pid = number(word)) found.push_back(static_cast<pid_t>(*pid));
    }
  }
  return found;
}

Guarded run_guarded(const std::function<void()>& process, std::chrono::seconds limit,
                    const std::string& directory) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // if a plugin kills the guardian, its children are ours
  std::array<int, 2> ends = {};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
  const Fd ours(ends[0]);
  Fd theirs(ends[1]);
  const pid_t guardian = ::fork();
  if (guardian < 0) return {};
  if (guardian == 0) {
    ::close(ours.get());
    be_guardian(process, Deadline::in(limit), theirs, directory);
  }
  theirs.reset();
  pollfd event = {ours.get(), POLLIN, 0};
  const auto end = Deadline::in(limit + 2 * kDying);  // the guardian may have been stopped
  while (::poll(&event, 1, milliseconds_until(end)) <= 0 && !end.passed()) continue;
  Guarded met;
  if (::recv(ours.get(), &met, sizeof met, MSG_DONTWAIT) != sizeof met) met = {};
  bury_children();
  return met;
}

}  // namespace pigeon::conformance
