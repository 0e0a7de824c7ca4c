// SPDX-License-Identifier: MIT
#include "host/last_resort.hpp"

#include <poll.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <string_view>

namespace pigeon::host {
namespace {

// What kills a process that does not handle it.
constexpr std::array kDeadly = {SIGTERM, SIGINT,  SIGHUP,    SIGQUIT, SIGALRM, SIGUSR1,   SIGUSR2, SIGXCPU,
                                SIGPROF, SIGPOLL, SIGVTALRM, SIGPWR,  SIGTRAP, SIGSTKFLT, SIGSYS};
constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

constexpr std::size_t kStack = 65'536;

// What a handler can reach.
// NOLINTBEGIN(*-avoid-non-const-global-variables)
volatile std::sig_atomic_t settled = -1;
alignas(std::max_align_t) std::array<std::byte, kStack> stack;  // the process's own may be what is used up
// NOLINTEND(*-avoid-non-const-global-variables)

extern "C" void end_now(int /*signal*/) {
  if (settled >= 0) ::_exit(settled);
  constexpr std::string_view kLine = "4.3.0 mail system trouble; it will be tried again\n";
  // Nobody may be reading.
  pollfd standard_error = {STDERR_FILENO, POLLOUT, 0};
  if (::poll(&standard_error, 1, 0) == 1) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kLine.data(), kLine.size());
  }
  ::_exit(EX_TEMPFAIL);
}

template <typename Signals>
void handle(const Signals& signals, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  ::sigfillset(&action.sa_mask);
  for (const int each : signals) ::sigaction(each, &action, nullptr);
}

}  // namespace

void avert_death() {
  const stack_t other = {.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
  ::sigaltstack(&other, nullptr);
  handle(kDeadly, end_now);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  handle(kCrashes, end_now);
#endif
}

void settle_exit(int status) {
  settled = status;
}

void end_at(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline.left()).count();
  constexpr std::int64_t kSecond = 1'000'000;
  itimerval timer = {};
  timer.it_value.tv_sec = left / kSecond;
  timer.it_value.tv_usec = std::max<std::int64_t>(left % kSecond, 1);  // nothing at all would disarm it
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

void last_resort() {
  end_now(0);
  ::_exit(EX_TEMPFAIL);  // not reached; the compiler cannot know
}

void be_mortal() {
  for (const int each : kDeadly) static_cast<void>(::signal(each, SIG_DFL));
  for (const int each : kCrashes) static_cast<void>(::signal(each, SIG_DFL));
}

}  // namespace pigeon::host
