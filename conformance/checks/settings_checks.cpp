// SPDX-License-Identifier: MIT
//
// What a plugin does with its settings, and how it tells what it met.
#include "conformance/check.hpp"
#include "conformance/error_form.hpp"
#include "conformance/process_state.hpp"
#include "conformance/snapshot.hpp"
#include "conformance/trial.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSettings = "pigeon/abi/plugin.h, Life";
constexpr const char* kErrors = "pigeon/abi/status.h, pigeon_error";

struct Attack {
  std::string name;  // of the setting
  std::string words;
  Settings settings;
};

// Values that the host lets through, because they are of the declared type, and that nobody expects.
std::vector<Values> strange_values(const pigeon_declaration& declared, const std::string& directory) {
  constexpr std::size_t kHuge = 1U << 20U;
  const std::string control = "a\nb\x1b[31m\r\x01";
  std::vector<Values> strange;
  switch (declared.type) {
    case PIGEON_TYPE_TEXT:
      strange = {{std::string(kHuge, 'x')}, {control}, {"/"}, {".."}, {"%s%n"}};
      break;
    case PIGEON_TYPE_PATH:
      strange = {{"/" + std::string(kHuge, 'x')}, {directory + "/" + control}, {"/dev/null/below"}, {"/"}};
      break;
    case PIGEON_TYPE_DURATION:
      strange = {{"0"}, {"9223372036"}};
      break;
    case PIGEON_TYPE_INTEGER:
    case PIGEON_TYPE_SIZE:
      strange = {{"0"}, {"9223372036854775807"}};
      break;
    default:
      break;
  }
  if (declared.type == PIGEON_TYPE_TEXT && (declared.flags & PIGEON_DECLARATION_MULTI) != 0)
    strange.emplace_back(10'000, "x");
  return strange;
}

// Each setting in turn missing, or with such a value.
std::vector<Attack> attacks(const pigeon_plugin& plugin, const Settings& usual,
                            const std::string& directory) {
  std::vector<Attack> all;
  for (const auto& declared : std::span(plugin.settings, plugin.setting_count)) {
    auto missing = usual.attributes();
    missing.erase(declared.name);
    all.push_back({declared.name, "missing", Settings(missing)});
    for (auto& values : strange_values(declared, directory)) {
      auto changed = usual.attributes();
      const auto words = printable(values.front().substr(0, 30));
      changed.set(declared.name, std::move(values));
      all.push_back({declared.name, "'" + words + "'", Settings(std::move(changed))});
    }
  }
  return all;
}

Result<std::vector<Attack>> attacks_on(Trial& trial) {
  const auto* library = PIGEON_TRY(trial.library());
  return attacks(library->descriptor(), PIGEON_TRY(trial.settings()), trial.directory());
}

Finding refuses_by_name(Trial& trial) {
  const auto all = PIGEON_EXPECT_OK(attacks_on(trial), "made up settings");
  if (all.empty()) return Finding::skipped("it has no settings");
  const auto round = [&]() -> Finding {
    for (const auto& each : all) {
      const auto attempt = PIGEON_EXPECT_OK(trial.try_to_open(each.settings), "loaded the plugin");
      if (attempt.instance) continue;
      const auto told = copy(attempt.error, attempt.status);
      const auto done = "opened it with the setting " + each.name + " " + each.words;
      PIGEON_EXPECT(!is_permanent(attempt.status) && is_failure(attempt.status), done,
                    "success, or a temporary failure", "status " + shown(attempt.status));
      PIGEON_EXPECT(fold(told.detail + told.remedy).find(fold(each.name)) != std::string::npos, done,
                    "success, or a text that names the setting", "'" + printable(told.detail) + "'");
    }
    return Finding::passed();
  };
  auto first = round();
  if (first.status != Finding::Status::passed) return first;
  const auto before = ProcessState::now();
  auto second = round();
  const auto changed = difference(before, ProcessState::now());
  PIGEON_EXPECT(changed.empty(), "opened it with " + std::to_string(all.size()) + " strange settings",
                "the process as it was", changed);
  return second;
}

Finding settings_are_apart(Trial& trial) {
  const auto one = trial.directory() + "/one";
  const auto other = trial.directory() + "/other";
  fs::create_directory(one);
  fs::create_directory(other);
  const auto of_one = PIGEON_EXPECT_OK(trial.settings_in(one), "made up settings");
  const auto of_other = PIGEON_EXPECT_OK(trial.settings_in(other), "made up settings");
  if (of_one.attributes() == of_other.attributes())
    return Finding::skipped("it has no setting for which two values could be made up");
  const auto first = PIGEON_EXPECT_OK(trial.open_with(of_one), "opened an instance");
  const auto second = PIGEON_EXPECT_OK(trial.open_with(of_other), "opened another, with other settings");
  PIGEON_EXPECT_OK(first->initialize(), "initialized the first of two instances");
  const auto made = snapshot_of(one);
  PIGEON_EXPECT(snapshot_of(other).empty(), "initialized the first of two instances",
                "nothing where the second has its things", difference({}, snapshot_of(other)));
  PIGEON_EXPECT_OK(second->initialize(), "initialized the second of two instances");
  const auto changed = difference(made, snapshot_of(one));
  PIGEON_EXPECT(changed.empty(), "initialized the second of two instances",
                "nothing changed where the first has its things", changed);
  PIGEON_EXPECT(made.empty() || !snapshot_of(other).empty(), "initialized the second of two instances",
                "what it needs, made where its own settings say", "nothing there");
  PIGEON_EXPECT_OK(first->check(), "checked the first of two instances");
  PIGEON_EXPECT_OK(second->check(), "checked the second of two instances");
  return Finding::passed();
}

// Calls everything that every kind has, with a short deadline, and hands over each failure.
Done provoke(Trial& trial, const Settings& settings,
             const std::function<void(const char* call, pigeon_status, const pigeon_error&)>& failed) {
  constexpr auto kShort = std::chrono::milliseconds(200);
  const auto attempt = PIGEON_TRY(trial.try_to_open(settings));
  if (!attempt.instance) {
    failed("open", attempt.status, attempt.error);
    return {};
  }
  const auto& plugin = attempt.instance->descriptor();
  auto error = blank_error();
  if (plugin.check != nullptr) {
    const auto status = plugin.check(attempt.instance->get(), Deadline::in(kShort).value(), &error);
    if (status != PIGEON_OK) failed("check", status, error);
  }
  const pigeon_schema schema = {sizeof schema, 0, tree::kClasses.data(), tree::kClasses.size()};
  error = blank_error();
  if (plugin.initialize != nullptr) {
    const auto status =
        plugin.initialize(attempt.instance->get(), &schema, Deadline::in(kShort).value(), &error);
    if (status != PIGEON_OK) failed("initialize", status, error);
  }
  return {};
}

Finding tells_no_secret(Trial& trial) {
  const auto* library = PIGEON_EXPECT_OK(trial.library(), "loaded the plugin");
  const auto usual = PIGEON_EXPECT_OK(trial.settings(), "made up settings");
  bool has_secrets = false;
  for (const auto& declared :
       std::span(library->descriptor().settings, library->descriptor().setting_count)) {
    if ((declared.flags & PIGEON_DECLARATION_SECRET) == 0 || declared.type != PIGEON_TYPE_TEXT) continue;
    has_secrets = true;
    const auto secret = "canary-" + std::to_string(trial.random()());
    auto settings = usual.attributes();
    settings.set(declared.name, secret);
    std::string said;
    PIGEON_EXPECT_OK(provoke(trial, Settings(settings),
                             [&](const char* /*call*/, pigeon_status status, const pigeon_error& error) {
                               const auto told = copy(error, status);
                               said += told.detail + "\n" + told.remedy + "\n" + told.reason + "\n";
                             }),
                     "opened, checked and initialized an instance");
    said += join(trial.log(), "\n");
    const auto at = said.find(secret);
    PIGEON_EXPECT(at == std::string::npos,
                  std::string("opened, checked and initialized it with a secret in ") + declared.name,
                  "the secret in no text and in no log record",
                  "'" + printable(said.substr(at < 40 ? 0 : at - 40, 100)) + "'");
  }
  return has_secrets ? Finding::passed() : Finding::skipped("it declares no setting that is a secret");
}

Finding tells_failures_in_form(Trial& trial) {
  auto all = PIGEON_EXPECT_OK(attacks_on(trial), "made up settings");
  all.push_back({"", "as usual", PIGEON_EXPECT_OK(trial.settings(), "made up settings")});
  std::size_t failures = 0;
  std::string wrong;
  for (const auto& each : all) {
    const auto see = [&](const char* call, pigeon_status status, const pigeon_error& error) {
      ++failures;
      auto found = wrong_with(status, error, trial.directory());
      if (found.empty() && is_permanent(status)) found = "status " + shown(status) + " would bounce mail";
      if (!found.empty() && wrong.empty())
        wrong = std::string(call) + ", with setting " + each.name + " " + each.words + ": " + found;
    };
    PIGEON_EXPECT_OK(provoke(trial, each.settings, see), "loaded the plugin");
    PIGEON_EXPECT(wrong.empty(), "made its calls fail, by strange settings and by what is not there",
                  "a status and texts as the header says", wrong);
  }
  if (failures == 0) return Finding::skipped("nothing of what was tried made it fail");
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"LIFE-05", Weight::must, 2, kEveryKind,
          "A plugin that cannot use a setting says which, for the time being, and leaves nothing behind",
          "opens it with each setting missing, huge, or strange, and compares the process before and after",
          kSettings, refuses_by_name},
    Check{"LIFE-06", Weight::must, 2, kEveryKind, "An instance follows its own settings, and no other's",
          "opens two instances with different settings, and looks at what each makes", kSettings,
          settings_are_apart},
    Check{"LIFE-07", Weight::must, 2, kEveryKind, "A secret is never printed and never logged",
          "gives a word as each secret, and looks for it in failures and log records",
          "pigeon/abi/schema.h, PIGEON_DECLARATION_SECRET", tells_no_secret},
    Check{"LIFE-08", Weight::must, 2, kEveryKind,
          "A failure has a status that is defined, and texts of one line of UTF-8 each",
          "makes open, check and initialize fail", kErrors, tells_failures_in_form},
};

}  // namespace

std::span<const Check> settings_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
