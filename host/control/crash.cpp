// SPDX-License-Identifier: MIT
#include "host/control/crash.hpp"

#include "host/supervisor.hpp"

#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace pigeon::control {
namespace {

constexpr std::size_t kStack = 65'536;

// What a handler can reach.
// NOLINTNEXTLINE(*-avoid-non-const-global-variables): the process's own stack may be what is used up
[[maybe_unused]] alignas(std::max_align_t) std::array<std::byte, kStack> stack;

// One line, without memory from the heap, which may be what is broken.
class Line {
 public:
  void add(std::string_view text) {
    for (const char each : text) {
      if (size_ + 1 == text_.size()) return;
      text_.at(size_++) = each < ' ' || each == '\x7f' ? '?' : each;
    }
  }
  void write() {
    text_.at(size_++) = '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text_.data(), size_);
  }

 private:
  std::array<char, 256> text_{};
  std::size_t size_ = 0;
};

template <std::size_t size>
std::string_view view(const std::array<char, size>& field) {
  return {field.data(), ::strnlen(field.data(), size)};
}

extern "C" [[maybe_unused]] void tell_crash(int signal) {
  const auto& at = host::Progress::instance().state();
  const char* const what = ::sigdescr_np(signal);
  Line line;
  line.add("pigeonctl: crashed (");
  line.add(what != nullptr ? what : "unknown signal");
  line.add(view(at.plugin).empty() ? ") outside of any plugin" : ") in plugin ");
  line.add(view(at.plugin));
  line.add(view(at.operation).empty() ? "" : ", ");
  line.add(view(at.operation));
  line.write();
  ::_exit(EX_SOFTWARE);
}

}  // namespace

void name_who_crashes() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  static_cast<void>(host::Progress::instance());  // made now, and not by the handler
  const stack_t other = {.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
  ::sigaltstack(&other, nullptr);
  struct sigaction action = {};
  action.sa_handler = tell_crash;
  action.sa_flags = SA_ONSTACK;
  ::sigfillset(&action.sa_mask);
  for (const int each : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigaction(each, &action, nullptr);
#endif
}

}  // namespace pigeon::control
