// SPDX-License-Identifier: MIT
//
// Levels 1 and 2 of a module: what it declares, and what it answers in good times.
#include "conformance/check.hpp"
#include "conformance/error_form.hpp"
#include "conformance/module_host.hpp"
#include "conformance/snapshot.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/module.h>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kModule = "pigeon/abi/module.h";

Finding declares_itself(Trial& trial) {
  const auto plugin = PIGEON_EXPECT_OK(trial.descriptor(), "mapped the plugin as the host does");
  const auto table = loader::operations_of<pigeon_module>(plugin);
  PIGEON_EXPECT(table.run != nullptr, "read the table of operations", "a function run", "NULL");
  const auto unknown = table.flags & ~(PIGEON_MODULE_TAKES | PIGEON_MODULE_FINDS_USER);
  PIGEON_EXPECT(unknown == 0, "read the flags", "those that the header knows", "others: " + shown(unknown));
  const std::span classes(plugin.classes, plugin.class_count);
  const bool serves = std::any_of(classes.begin(), classes.end(), [&](const pigeon_class* each) {
    return same_name(each->name, plugin.name) && each->kind == PIGEON_CLASS_STRUCTURAL;
  });
  PIGEON_EXPECT(serves, "looked for the class of its own name", "a structural class " + trial.name(), "none");
  return Finding::passed();
}

// Deliveries that are nothing special, and such as come rarely.
std::vector<std::pair<std::string, Scene>> deliveries() {
  return {{"an ordinary message", {}},
          {"a message that is empty", {.message = ""}},
          {"a message that is header only", {.message = "Subject: x\n"}},
          {"a message that is body only", {.message = "\nx\n"}},
          {"a message from the null sender", {.sender = ""}},
          {"a message for an address in UTF-8",
           {.sender = "b\xc3\xb6"
                      "b@example.org",
            .user = "\xc3\xa4lice"}},
          {"a message for nobody that it knows", {.user = "mallory"}},
          {"a message with a detail", {.detail = "lists"}},
          {"a message for a folder", {.folder = "Work"}}};
}

Finding answers_what_is_defined(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  for (const auto& [words, scene] : deliveries()) {
    const auto answer = host.run(*instance, scene);
    if (answer.status == PIGEON_OK) {
      PIGEON_EXPECT(answer.outcome <= PIGEON_OUTCOME_DONE, "ran it for " + words,
                    "an outcome that the header defines", std::to_string(answer.outcome));
      continue;
    }
    const auto wrong = wrong_with(answer.status, answer.error, trial.directory());
    PIGEON_EXPECT(wrong.empty(), "ran it for " + words, "an outcome, or a failure as the header says", wrong);
  }
  return Finding::passed();
}

Finding does_what_it_declares(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  for (const auto& [words, scene] : deliveries()) {
    const auto answer = host.run(*instance, scene);
    const auto done = "ran it for " + words;
    PIGEON_EXPECT(host.takes() || !answer.is_taken(), done,
                  "that only a module with PIGEON_MODULE_TAKES takes it", answer.told());
    PIGEON_EXPECT(host.finds_user() || answer.count("set_principal") == 0, done,
                  "that only a module with PIGEON_MODULE_FINDS_USER finds a user", answer.told());
    PIGEON_EXPECT(answer.count("set_principal") <= 1, done, "at most one user", answer.told());
    bool is_allocated = false;
    for (const auto& call : answer.calls) {
      is_allocated = is_allocated || call.service == "allocate";
      PIGEON_EXPECT(call.service != "store" || is_allocated, done, "allocate before store", answer.told());
      PIGEON_EXPECT(call.service != "set_principal" || starts_with(call.with, "mailUser "), done,
                    "a user that is a mailUser", answer.told());
    }
  }
  return Finding::passed();
}

Finding answers_the_same_again(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  for (const auto& [words, scene] : deliveries()) {
    const auto first = host.run(*instance, scene).told();
    const auto second = host.run(*instance, scene).told();
    PIGEON_EXPECT(second == first, "ran it twice for " + words + ", as after a retry", first, second);
  }
  return Finding::passed();
}

Finding has_no_effect_when_dry(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  const auto before = snapshot_of(trial.directory());
  for (auto& [words, scene] : deliveries()) {
    scene.is_dry = true;
    static_cast<void>(host.run(*instance, scene));
    const auto changed = difference(before, snapshot_of(trial.directory()));
    PIGEON_EXPECT(changed.empty(), "ran it dry for " + words, "nothing on disk changes", changed);
  }
  return Finding::passed();
}

Finding explains_itself(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  bool decides = false;
  for (auto& [words, scene] : deliveries()) {
    scene.is_dry = true;
    const auto answer = host.run(*instance, scene);
    for (const auto& line : answer.explained) {
      PIGEON_EXPECT(!line.empty() && printable(line) == line, "ran it dry for " + words,
                    "explanations of one line of UTF-8 each", "'" + printable(line) + "'");
    }
    if (answer.calls.empty() && !answer.is_taken()) continue;
    decides = true;
    PIGEON_EXPECT(!answer.explained.empty(), "ran it dry for " + words,
                  "a line about what it decides, and why", answer.told() + ", without a word");
  }
  return decides ? Finding::passed() : Finding::skipped("it decided nothing of what was tried");
}

constexpr std::array kChecks = {
    Check{"MODULE-01", Weight::must, 1, PIGEON_KIND_MODULE,
          "A module runs, has no flag that is unknown, and declares the class that it serves",
          "reads the table of operations and the classes", kModule, declares_itself},
    Check{"MODULE-02", Weight::must, 2, PIGEON_KIND_MODULE,
          "A module answers with one of the outcomes, or with a failure in the form of status.h",
          "runs it for messages and envelopes, ordinary and rare", kModule, answers_what_is_defined},
    Check{
        "MODULE-03", Weight::must, 2, PIGEON_KIND_MODULE,
        "A module takes mail, and finds users, only if it declares so; and stores only where it has seen to "
        "an allocation",
        "runs it, and reads what it asked the host for", kModule, does_what_it_declares},
    Check{"MODULE-04", Weight::must, 2, PIGEON_KIND_MODULE, "A module does the same for a retry",
          "runs it twice for each message", "pigeon/abi/module.h; docs/delivery-guarantees.md",
          answers_the_same_again},
    Check{"MODULE-05", Weight::must, 2, PIGEON_KIND_MODULE, "A dry run has no effect",
          "runs it dry, and compares the files below its directory", "pigeon/abi/module.h, PIGEON_RUN_DRY",
          has_no_effect_when_dry},
    Check{"MODULE-06", Weight::should, 2, PIGEON_KIND_MODULE, "A module explains what it decides",
          "runs it dry, and reads what it explains", "pigeon/abi/module.h, explain", explains_itself},
};

}  // namespace

std::span<const Check> module_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
