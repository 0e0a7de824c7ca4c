// SPDX-License-Identifier: MIT
//
// A host with plugins whose work the test does: everything that a delivery needs, on a tree in memory.
#pragma once

#include "host/allocator.hpp"
#include "host/mail_master.hpp"
#include "host/plugins.hpp"
#include "host/store.hpp"
#include "host/testing/lent.hpp"
#include "host/testing/trusted_plugins.hpp"
#include "host/tree.hpp"

#include <pigeon/sdk/creator.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/module.hpp>
#include <pigeon/testing/fake_tree.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pigeon::testing {

// An MDA that proposes, makes and stores what it is told to. A function that is not set does what is usual.
struct ActedMda {
  std::function<Result<Attributes>(const Principal&, const Attributes&)> on_propose;
  std::function<Done(const Allocation&)> on_ensure;
  std::function<void(std::span<Delivery>)> on_deliver;
  std::vector<std::string> asked;

  Result<Attributes> propose(const Principal& principal, const Attributes& requests) {
    asked.emplace_back("propose");
    if (on_propose) return on_propose(principal, requests);
    return Attributes{{"place", {std::string(requests.get("place").value_or("/" + principal.address()))}}};
  }
  Done ensure(const Allocation& allocation, Deadline /*deadline*/) {
    asked.emplace_back("ensure");
    return on_ensure ? on_ensure(allocation) : Done();
  }
  void deliver(std::span<Delivery> batch) {
    asked.emplace_back("deliver");
    if (on_deliver) return on_deliver(batch);
    for (const auto& delivery : batch) delivery.answer(Stored{.where = "here"});
  }
};

struct ActedCreator {
  std::function<Done(Allocating&)> on_obtain;

  Done obtain(Allocating& allocating) const {
    if (on_obtain) return on_obtain(allocating);
    PIGEON_TRY(allocating.propose());
    if (!PIGEON_TRY(allocating.commit(Condition::if_absent))) return temporary("somebody else was first");
    return {};
  }
};

struct ActedModule {
  std::function<Result<Outcome>(Run&)> on_run;
  int runs = 0;

  Result<Outcome> run(Run& run) {
    ++runs;
    return on_run ? on_run(run) : Outcome::go_on;
  }
};

class Stage {
 public:
  // further: members of the configuration, each with a comma in front.
  explicit Stage(const std::string& modules = R"(["findsLent", "stepLent", "takesLent"])",
                 const std::string& further = "") {
    log.configure({.to = plugins_.directory() / "log"});
    std::string text = R"({"datatree": "datatree-lent", "plugins": ["."], "modules": )" + modules + further;
    for (const auto& [name, lent] : lent_) text += ", \"" + name + "\": {\"lent\": " + setting_of(lent) + "}";
    const auto file = plugins_.directory().write("pigeon.json", text + "}");
    namespace fs = std::filesystem;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    configuration_ = taken(host::Configuration::read(file, {}, loader::Trust()));
    plugins = taken(host::Plugins::of(*configuration_, loader::Trust(), log));
    tree.emplace(*taken(plugins->open(PIGEON_KIND_DATATREE, "datatree-lent")));
    allocator.emplace(*tree, *plugins, log);
    store.emplace(*plugins);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  Stage(Stage&&) = delete;
  Stage& operator=(Stage&&) = delete;
  ~Stage() = default;

  [[nodiscard]] std::string logged() const { return plugins_.directory().read("log"); }

  // What the plugins do.
  FakeTree objects;
  ActedMda mda;
  ActedMda other_mda;
  ActedCreator creator;
  ActedModule finds;
  ActedModule steps;
  ActedModule takes;

 private:
  template <typename T>
  static T taken(Result<T> result) {
    if (!result) MESSAGE(result.failure().detail);
    REQUIRE(result);
    return *std::move(result);
  }

  pigeon_datatree tree_operations_ = DatatreeOperations<FakeTree>::table();
  pigeon_mda mda_operations_ = MdaOperations<ActedMda>::table();
  pigeon_creator creator_operations_ = {sizeof(pigeon_creator), 0, obtain_allocation<ActedCreator>};
  pigeon_module module_operations_ = {sizeof(pigeon_module), 0, run_module<ActedModule>};
  std::vector<std::pair<std::string, Lent>> lent_ = {
      {"datatree-lent", {&tree_operations_, &objects}}, {"mda-lent", {&mda_operations_, &mda}},
      {"mda-other", {&mda_operations_, &other_mda}},    {"creator-lent", {&creator_operations_, &creator}},
      {"findsLent", {&module_operations_, &finds}},     {"stepLent", {&module_operations_, &steps}},
      {"takesLent", {&module_operations_, &takes}}};
  TrustedPlugins plugins_ = {"datatree-lent", "mda-lent", "mda-other", "creator-lent",
                             "findsLent",     "stepLent", "takesLent"};
  std::optional<host::Configuration> configuration_;

 public:
  host::Log log{"test"};
  std::unique_ptr<host::Plugins> plugins;
  std::optional<host::Tree> tree;
  std::optional<host::Allocator> allocator;
  std::optional<host::Store> store;
};

}  // namespace pigeon::testing
