// SPDX-License-Identifier: MIT
//
// pigeon-conformance: whether a plugin keeps the promises of plugin-api.
#include "conformance/report.hpp"
#include "conformance/selftest.hpp"
#include "conformance/settings.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "host/loader/index.hpp"

#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace pigeon;
using namespace pigeon::conformance;
namespace fs = std::filesystem;

// What the process says by its exit status.
constexpr int kAllKept = 0;
constexpr int kBroken = 1;
constexpr int kUsage = 2;
constexpr int kNothingTested = 3;

struct Arguments {
  std::string plugin;
  std::string config;
  std::string check;
  std::string filter;
  std::string json_file;
  std::string junit_file;
  std::string directory;
  std::string mutants;
  std::uint64_t seed = 0;
  int level = 4;
  int answer = -1;
  bool json = false;
};

int complain(const std::string& what) {
  std::cerr << "pigeon-conformance: " << what << '\n';
  return kUsage;
}

// A program may name a file that is written by whoever runs it.
bool write_file(const std::string& path, const std::string& text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.is_open() && write_all(file, text, path)) return true;
  std::cerr << "pigeon-conformance: write " << path << ": " << strerrordesc_np(errno) << '\n';
  return false;
}

// What is wrong with the command line is found before anything runs, and is not told of the plugin.
std::string wrong_with_files(const Arguments& a) {
  std::error_code error;
  static_cast<void>(fs::canonical(a.plugin, error));
  if (error) return "open " + printable(a.plugin) + ": " + error.message();
  if (a.config.empty()) return {};
  const auto given = read_given(a.config);
  return given ? std::string() : given.failure().detail;
}

int list(const Arguments& a) {
  boost::json::array all;
  for (const auto& check : all_checks()) {
    const auto kind = check.kind == kEveryKind ? "every kind" : loader::kind_name(check.kind);
    const auto* weight = check.weight == Weight::must ? "must" : "should";
    if (!a.json) {
      std::cout << check.id << "  " << check.level << "  " << weight << "  " << kind << "  " << check.rule
                << '\n';
      continue;
    }
    all.push_back(boost::json::object{{"check", check.id},
                                      {"level", check.level},
                                      {"weight", weight},
                                      {"kind", kind},
                                      {"rule", check.rule},
                                      {"how", check.how},
                                      {"where", check.where}});
  }
  if (a.json) std::cout << boost::json::serialize(all) << '\n';
  return kAllKept;
}

int explain(const Arguments& a) {
  const auto* check = find_check(a.check);
  if (check == nullptr)
    return complain("there is no check " + printable(a.check) + "; see pigeon-conformance list");
  std::cout << check->id << ", level " << check->level << ", "
            << (check->weight == Weight::must ? "must" : "should") << ", for "
            << (check->kind == kEveryKind ? "every kind" : loader::kind_name(check->kind)) << "\n\n"
            << check->rule << ".\n\nThe check " << check->how << ".\nThe promise is in " << check->where
            << ".\n";
  return kAllKept;
}

int run(const Arguments& a) {
  if (const auto wrong = wrong_with_files(a); !wrong.empty()) return complain(wrong);
  const auto plugin = fs::canonical(a.plugin).string();
  const auto kind = loader::kind_of(fs::path(plugin).stem().string());
  std::vector<Order> orders;
  for (const auto& check : all_checks()) {
    if (check.level > a.level || (check.kind != kEveryKind && check.kind != kind)) continue;
    if (!a.filter.empty() && std::string_view(check.id).find(a.filter) == std::string_view::npos) continue;
    orders.push_back({&check, plugin, a.config.empty() ? "" : fs::absolute(a.config).string(), a.seed});
  }
  const Report report;
  std::cout << "seed " << a.seed << '\n';
  Outcomes outcomes;
  for (std::size_t index = 0; index < orders.size(); ++index) {
    report.starting(orders[index], index, orders.size());
    outcomes.emplace_back(orders[index], run_in_sandbox(orders[index]));
    report.outcome(orders[index], outcomes.back().second);
  }
  const auto counted = count(outcomes);
  report.summary(counted, plugin);
  if (!a.json_file.empty() && !write_file(a.json_file, as_json(outcomes))) return kUsage;
  if (!a.junit_file.empty() && !write_file(a.junit_file, as_junit(outcomes))) return kUsage;
  if (orders.empty()) {
    std::cout << "nothing was tested: no check of kind " << loader::kind_name(kind) << " up to level "
              << a.level << " has " << printable(a.filter) << " in its id\n";
  }
  if (counted.nothing_tested()) return kNothingTested;
  return counted.failed > 0 ? kBroken : kAllKept;
}

// One check in this process, so that a debugger sees it.
int repro(const Arguments& a) {
  const auto* check = find_check(a.check);
  if (check == nullptr)
    return complain("there is no check " + printable(a.check) + "; see pigeon-conformance list");
  if (const auto wrong = wrong_with_files(a); !wrong.empty()) return complain(wrong);
  auto directory = (fs::temp_directory_path() / "pigeon-repro.XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr)
    return complain("make " + directory + ": " + strerrordesc_np(errno));
  std::cout << check->id << " on " << a.plugin << ", in " << directory << ", which stays\n" << std::flush;
  const Order order = {check, fs::absolute(a.plugin).string(), a.config, a.seed};
  const auto finding = run_here(order, directory);
  if (finding.status == Finding::Status::passed) std::cout << "passed\n";
  if (finding.status == Finding::Status::skipped) std::cout << "skipped: " << finding.came << '\n';
  if (finding.status == Finding::Status::failed) {
    std::cout << "FAILED\n    done      " << finding.done << "\n    expected  " << finding.expected
              << "\n    came      " << finding.came << '\n';
  }
  return finding.status == Finding::Status::failed ? kBroken : kAllKept;
}

int in_sandbox(const Arguments& a) {
  const auto* check = find_check(a.check);
  if (check == nullptr) return kUsage;
  return be_sandbox({check, a.plugin, a.config, a.seed}, a.directory, a.answer);
}

class Parser {
 public:
  Parser() {
    app_.set_version_flag("--version", "pigeon-conformance " PIGEON_VERSION);
    app_.require_subcommand(1);
    a_.seed = std::random_device{}();
    auto* listed = command("list", "list the checks", [this] { return list(a_); });
    listed->add_flag("--json", a_.json, "as JSON");
    auto* ran = command("run", "check a plugin", [this] { return run(a_); });
    ran->add_option("PLUGIN", a_.plugin, "the shared object")->required();
    ran->add_option("--level", a_.level, "1 the file; 2 the contract; 3 hostile input; 4 faults and crashes")
        ->check(CLI::Range(1, 4));
    ran->add_option("--filter", a_.filter, "only checks whose id holds this");
    ran->add_option("--json", a_.json_file, "write the outcomes into this file, as JSON");
    ran->add_option("--junit", a_.junit_file, "write the outcomes into this file, as JUnit has them");
    with_config(ran);
    auto* again =
        command("repro", "run one check in this process, for a debugger", [this] { return repro(a_); });
    with_check(again);
    again->add_option("PLUGIN", a_.plugin, "the shared object")->required();
    with_config(again);
    with_check(command("explain", "what a check does, and what for", [this] { return explain(a_); }));
    auto* self = command("selftest", "prove that every check can fail, on plugins that are wrong on purpose",
                         [this] { return selftest(a_.mutants, a_.filter, a_.seed); });
    self->add_option("--mutants", a_.mutants, "where they are; default: where they were installed or built");
    self->add_option("--filter", a_.filter, "only checks whose id holds this");
    self->add_option("--seed", a_.seed, "of what is random");
    auto* inside = command("in-sandbox", "", [this] { return in_sandbox(a_); });
    inside->group("");
    with_check(inside);
    inside->add_option("PLUGIN", a_.plugin)->required();
    inside->add_option("--directory", a_.directory)->required();
    inside->add_option("--answer", a_.answer)->required();
    with_config(inside);
  }

  int run_with(int count, char** arguments) {
    try {
      app_.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? kAllKept : kUsage;
    }
    return command_();
  }

 private:
  CLI::App* command(const std::string& name, const std::string& help, std::function<int()> body) {
    auto* added = app_.add_subcommand(name, help);
    added->callback([this, body = std::move(body)] { command_ = body; });
    return added;
  }
  void with_config(CLI::App* command) {
    command->add_option("--config", a_.config,
                        "the plugin's section of the configuration; {directory} in it stands "
                        "for a directory of the check's own");
    command->add_option("--seed", a_.seed, "of what is random");
  }
  void with_check(CLI::App* command) { command->add_option("CHECK", a_.check, "its id")->required(); }

  CLI::App app_{"Checks whether a plugin keeps the promises of the plugin API. See pigeon-conformance(1)."};
  Arguments a_;
  std::function<int()> command_;
};

}  // namespace

int main(int count, char** arguments) {
  try {
    return Parser().run_with(count, arguments);
  } catch (const std::exception& exception) {
    return complain(std::string("unexpected: ") + exception.what());
  }
}
