// SPDX-License-Identifier: MIT
//
// How long the host takes to load a plugin (trust, note, mapping, descriptor), and how long the linker takes
// to map the same file for somebody who checks nothing.
//
//   bench-load TRUSTED PLUGIN...
//
// TRUSTED is a directory that is vouched for, or empty. What was mapped once costs nothing again, and is
// never unmapped: each way is measured once, in a process of its own, and whoever runs this goes on until
// there is enough. A line of the output is one measurement, in microseconds:
//   host NAME MICROSECONDS
//   linker NAME MICROSECONDS
#include "host/loader/index.hpp"
#include "host/loader/library.hpp"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

namespace {

using namespace pigeon;
using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& why) {
  std::cerr << "bench-load: " << why << '\n';
  std::exit(EXIT_FAILURE);
}

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double by_host(const loader::Index::Entry& entry, const loader::Trust& trust) {
  const auto kind = loader::kind_of(entry.name);
  const auto begin = Clock::now();
  const auto library = loader::Library::load(entry, kind, trust);
  const auto taken = microseconds_since(begin);
  if (!library) die(library.failure().detail);
  return taken;
}

double by_linker(const loader::Index::Entry& entry) {
  const auto begin = Clock::now();
  void* const handle = ::dlopen(entry.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const bool is_found = handle != nullptr && ::dlsym(handle, "pigeon_plugin_v0") != nullptr;
  const auto taken = microseconds_since(begin);
  if (!is_found) die(entry.path + " was not mapped");
  return taken;
}

// Measures in a child, which has nothing mapped yet.
template <typename Measured>
void report(const std::string& way, const std::string& name, const Measured& measured) {
  const auto child = ::fork();
  if (child < 0) die("fork");
  if (child == 0) {
    const auto taken = measured();
    std::cout << way << ' ' << name << ' ' << taken << std::endl;
    std::_Exit(EXIT_SUCCESS);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) die(way + " could not load " + name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) die("usage: bench-load TRUSTED PLUGIN...");
  const loader::Trust trust(argv[1]);
  for (int each = 2; each < argc; ++each) {
    const std::filesystem::path path(argv[each]);
    const loader::Index::Entry entry = {path.stem().string(), path.string()};
    report("host", entry.name, [&] { return by_host(entry, trust); });
    report("linker", entry.name, [&] { return by_linker(entry); });
  }
  return EXIT_SUCCESS;
}
