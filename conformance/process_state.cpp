// SPDX-License-Identifier: MIT
#include "conformance/process_state.hpp"

#include "conformance/guardian.hpp"

#include <pigeon/sdk/text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace pigeon::conformance {
namespace fs = std::filesystem;
namespace {

std::string name_of_process(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/comm");
  std::string name;
  std::getline(file, name);
  return printable(name);
}

// "Max open files" => "1024 524288 files"
std::map<std::string, std::string> limits_now() {
  constexpr std::size_t kNameColumns = 26;
  std::map<std::string, std::string> found;
  std::ifstream file("/proc/self/limits");
  for (std::string line; std::getline(file, line);) {
    if (line.size() > kNameColumns) found[line.substr(0, line.find("  "))] = line.substr(kNameColumns);
  }
  return found;
}

}  // namespace

ProcessState ProcessState::now() {
  ProcessState state;
  std::error_code ignored;  // what cannot be read is empty before and after
  state.directory = fs::read_symlink("/proc/self/cwd", ignored).string();
  state.mask = ::umask(0);
  ::umask(state.mask);
  state.locale = std::setlocale(LC_ALL, nullptr);  // NOLINT(concurrency-mt-unsafe): only asks
  for (char** variable = environ; *variable != nullptr; ++variable) state.environment.emplace_back(*variable);
  sigset_t blocked;
  ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action = {};
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    state.signals[signal] = reinterpret_cast<std::uintptr_t>(action.sa_handler);
    if (::sigismember(&blocked, signal) == 1) state.blocked.push_back(signal);
  }
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", ignored)) {
    const auto fd = number(entry.path().filename().string());
    const auto target = fs::read_symlink(entry.path(), ignored).string();
    // The iterator's own descriptor is not the process's.
    if (!fd || starts_with(target, "/proc/") || target.empty()) continue;
    const auto descriptor = static_cast<int>(*fd);
    state.descriptors[descriptor] = target;
    const int flags = ::fcntl(descriptor, F_GETFD);
    if (descriptor > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0)
      state.inheritable.push_back(descriptor);
  }
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/task", ignored))
    ++state.threads;
  state.limits = limits_now();
  for (const auto child : own_children()) state.children[child] = name_of_process(child);
  return state;
}

std::string difference(const ProcessState& before, const ProcessState& after) {
  std::vector<std::string> changes;
  const auto note = [&](bool same, const std::string& what) {
    if (!same) changes.push_back(what);
  };
  note(before.directory == after.directory, "working directory " + after.directory);
  note(before.mask == after.mask, "file mode mask " + std::to_string(after.mask));
  note(before.locale == after.locale, "locale " + after.locale);
  note(before.environment == after.environment, "environment");
  for (const auto& [signal, action] : after.signals) {
    const auto was = before.signals.find(signal);
    note(was == before.signals.end() || was->second == action,
         "disposition of signal " + std::to_string(signal));
  }
  note(before.blocked == after.blocked, "blocked signals");
  for (const auto& [fd, target] : after.descriptors) {
    const auto was = before.descriptors.find(fd);
    note(was != before.descriptors.end() && was->second == target,
         "descriptor " + std::to_string(fd) + " open on " + target);
  }
  for (const auto& [fd, target] : before.descriptors) {
    note(after.descriptors.contains(fd), "descriptor " + std::to_string(fd) + " closed");
  }
  for (const auto& [name, limit] : after.limits) {
    const auto was = before.limits.find(name);
    note(was == before.limits.end() || was->second == limit, "limit '" + name + "'");
  }
  for (const auto& [child, name] : after.children) {
    note(before.children.contains(child), "process " + std::to_string(child) + " (" + name + ") left behind");
  }
  note(before.threads == after.threads, std::to_string(after.threads) + " threads");
  constexpr std::size_t kMostShown = 8;
  if (changes.size() > kMostShown) {
    const auto more = changes.size() - kMostShown;
    changes.resize(kMostShown);
    changes.push_back("and " + std::to_string(more) + " more");
  }
  return join(changes, ", ");
}

}  // namespace pigeon::conformance
