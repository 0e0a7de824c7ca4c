// SPDX-License-Identifier: MIT
#include "conformance/selftest.hpp"

#include "conformance/another_host.hpp"
#include "conformance/report.hpp"
#include "host/loader/index.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <system_error>
#include <vector>

namespace pigeon::conformance {
namespace fs = std::filesystem;
namespace {

struct Mutant {
  std::string name;
  const Check* check;
  std::string plugin;
};

std::string default_place() {
  std::error_code ignored;  // an empty path: no mutants are found, and that is said
  const auto program = fs::read_symlink("/proc/self/exe", ignored);
  return (program.parent_path().parent_path() / "lib/pigeon/conformance").string();
}

// The check whose id the name begins with.
const Check* check_of(const std::string& name) {
  const Check* found = nullptr;
  for (const auto& check : all_checks()) {
    if (name.rfind(std::string(check.id) + "-", 0) == 0) found = &check;
  }
  return found;
}

std::vector<std::string> plugins_in(const fs::path& directory) {
  std::vector<std::string> found;
  std::error_code ignored;  // no directory, no plugins
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.path().extension() == ".so") found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class Matrix {
 public:
  Matrix(std::string place, std::string filter, std::uint64_t seed)
      : place_(std::move(place)), filter_(std::move(filter)), seed_(seed) {}

  int run() {
    if (!fs::is_directory(place_)) {
      std::cerr << "pigeon-conformance: there are no plugins that are wrong on purpose in " << place_
                << "; name their directory with --mutants\n";
      return 3;
    }
    if (std::none_of(all_checks().begin(), all_checks().end(),
                     [&](const Check& each) { return is_wanted(each); })) {
      std::cout << "nothing was tried: no check has " << printable(filter_) << " in its id\n";
      return 3;
    }
    std::cout << "seed " << seed_ << '\n';
    for (const auto& plugin : plugins_in(fs::path(place_) / "good")) good_passes(plugin);
    std::vector<fs::path> directories;
    for (const auto& entry : fs::directory_iterator(fs::path(place_) / "mutants"))
      directories.push_back(entry.path());
    std::sort(directories.begin(), directories.end());
    for (const auto& directory : directories) mutant_is_caught(directory);
    for (const auto& check : all_checks()) {
      if (is_wanted(check) && !caught_[check.id])
        complain(std::string(check.id) + " catches no mutant: nobody knows whether it can fail");
    }
    std::cout << tested_ << " plugins tried, " << holes_ << " holes\n";
    return holes_ == 0 ? 0 : 1;
  }

 private:
  [[nodiscard]] bool is_wanted(const Check& check) const {
    return filter_.empty() || std::string_view(check.id).find(filter_) != std::string_view::npos;
  }
  [[nodiscard]] Order order(const Check& check, const std::string& plugin) const {
    const auto config = fs::path(plugin).replace_extension(".json");
    return {&check, plugin, fs::exists(config) ? config.string() : "", seed_};
  }
  Outcome run_by(const Check& check, const std::string& plugin, const std::string& name) const {
    report_.working_on(name + " by " + check.id);
    return run_in_sandbox(order(check, plugin));
  }
  void complain(const std::string& what) {
    ++holes_;
    report_.clear_line();
    std::cout << report_.as_bad("HOLE") << "    " << what << '\n' << std::flush;
  }

  // Nobody knows, and on another machine somebody will.
  void pass_over(const std::string& name, const Check& check, const std::string& why) {
    caught_[check.id] = true;
    report_.clear_line();
    std::cout << "untried " << name << ": " << why << '\n' << std::flush;
  }

  void good_passes(const std::string& plugin) {
    const auto kind = loader::kind_of(fs::path(plugin).stem().string());
    ++tested_;
    int passed = 0;
    for (const auto& check : all_checks()) {
      if (!is_wanted(check) || (check.kind != kEveryKind && check.kind != kind)) continue;
      const auto outcome = run_by(check, plugin, fs::path(plugin).stem().string());
      if (outcome.is_bad()) {
        complain(fs::path(plugin).filename().string() + " is good, and " + check.id +
                 " says: " + outcome.finding.done + ": expected " + outcome.finding.expected + ", came " +
                 outcome.finding.came);
      } else {
        passed += outcome.status == Outcome::Status::passed ? 1 : 0;
      }
    }
    report_.clear_line();
    std::cout << report_.as_good("good") << "    " << fs::path(plugin).stem().string() << " passes " << passed
              << " checks\n"
              << std::flush;
  }

  void mutant_is_caught(const fs::path& directory) {
    const auto name = directory.filename().string();
    const auto* check = check_of(name);
    if (check == nullptr) return complain(name + " is named after no check");
    if (!is_wanted(*check)) return;
    const auto plugins = plugins_in(directory);
    if (plugins.size() != 1) return complain(name + " holds " + std::to_string(plugins.size()) + " plugins");
    ++tested_;
    const auto outcome = run_by(*check, plugins.front(), name);
    if (outcome.status == Outcome::Status::skipped && outcome.finding.came == why_no_other_hosts())
      return pass_over(name, *check, outcome.finding.came);
    if (!outcome.is_bad()) return complain(name + " was not caught");
    caught_[check->id] = true;
    report_.clear_line();
    std::cout << report_.as_good("caught") << "  " << name << ": " << outcome.finding.came << '\n'
              << std::flush;
  }

  Report report_;
  std::string place_;
  std::string filter_;
  std::uint64_t seed_;
  std::map<std::string, bool> caught_;
  int tested_ = 0;
  int holes_ = 0;
};

}  // namespace

int selftest(const std::string& mutants, const std::string& filter, std::uint64_t seed) {
  return Matrix(mutants.empty() ? default_place() : mutants, filter, seed).run();
}

}  // namespace pigeon::conformance
