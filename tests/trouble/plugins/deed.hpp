// SPDX-License-Identifier: MIT
//
// What no plugin may do, done on demand. Beside the plugin's file, PLUGIN.so, lies PLUGIN.deed with one line,
// "STEP DEED"; without it the plugin behaves. So a plugin is mended by taking a file away, as by an update.
#pragma once

#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace trouble {

// Where the SDK's guard stands above, it ends there; else it ends the process.
[[noreturn]] inline void throw_out() {
  throw std::runtime_error("an exception that leaves its plugin");
}
inline void throw_through(void (*function)()) noexcept {
  function();
}

inline void commit(std::string_view deed) {
  if (deed == "segv") static_cast<void>(::raise(SIGSEGV));
  if (deed == "abort") std::abort();
  if (deed == "exit0") std::exit(0);  // NOLINT(concurrency-mt-unsafe): this is the deed
  if (deed == "exit1") std::exit(1);  // NOLINT(concurrency-mt-unsafe): this is the deed
  if (deed == "quickexit") ::_exit(0);
  if (deed == "throw") throw_out();
  if (deed == "terminate") throw_through(throw_out);
  if (deed == "close") ::close_range(0, ~0U, 0);
  while (deed == "hang") ::pause();
  if (deed == "print") {
    static_cast<void>(std::puts("250 2.0.0 delivered, says the plugin"));
    static_cast<void>(std::fflush(stdout));
    static_cast<void>(std::fputs("5.7.1 refused, says the plugin\n", stderr));
  }
}

// Called at the beginning of every step; `code` is anything of the plugin's own.
inline void at(std::string_view step, const void* code) {
  Dl_info own = {};
  if (::dladdr(code, &own) == 0) return;
  std::string file = own.dli_fname;
  std::ifstream deeds(file.replace(file.size() - 3, 3, ".deed"));
  std::string wanted_step;
  std::string deed;
  if (deeds >> wanted_step >> deed && wanted_step == step) commit(deed);
}

}  // namespace trouble
