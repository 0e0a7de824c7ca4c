// SPDX-License-Identifier: MIT
#include "conformance/other_process.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace pigeon::conformance {

OtherProcess::OtherProcess(const std::function<int()>& body) : process_(::fork()) {
  if (process_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int status = 1;
  try {
    status = body();
  } catch (...) {
    status = 99;
  }
  ::_exit(status);
}

OtherProcess::~OtherProcess() {
  if (process_ <= 0) return;
  send(SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void OtherProcess::send(int signal) const {
  if (process_ > 0) ::kill(process_, signal);
}

void OtherProcess::stop() const {
  send(SIGSTOP);
  siginfo_t state = {};
  if (process_ > 0) ::waitid(P_PID, static_cast<id_t>(process_), &state, WSTOPPED | WEXITED | WNOWAIT);
}

int OtherProcess::wait_until(Deadline deadline) {
  if (process_ <= 0) return -1;
  for (;;) {
    int status = 0;
    const auto reaped = ::waitpid(process_, &status, WNOHANG);
    if (reaped == process_ || (reaped < 0 && errno != EINTR)) {
      process_ = -1;
      return reaped > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    if (deadline.passed()) {
      send(SIGKILL);
      ::waitpid(process_, &status, 0);
      process_ = -1;
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

OtherProcess put_to_sleep(const std::vector<OtherProcess>& processes, const std::atomic<bool>& is_over,
                          nanoseconds longest) {
  for (const auto& each : processes) each.stop();
  return OtherProcess([&] {
    const auto at_last = Deadline::in(longest);
    while (!is_over && !at_last.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const auto& each : processes) each.send(SIGCONT);
    return 0;
  });
}

int run_together(int count, const std::function<int(int index)>& body, Deadline deadline) {
  std::vector<OtherProcess> all;
  all.reserve(static_cast<std::size_t>(count));
  for (int index = 0; index < count; ++index) all.emplace_back([&] { return body(index); });
  int failed = 0;
  for (auto& each : all) failed += each.wait_until(deadline) == 0 ? 0 : 1;
  return failed;
}

SharedMemory::SharedMemory(std::size_t size)
    : size_(size), memory_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
  if (memory_ == MAP_FAILED) throw std::bad_alloc();
}

SharedMemory::~SharedMemory() {
  ::munmap(memory_, size_);
}

}  // namespace pigeon::conformance
