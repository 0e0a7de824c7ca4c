// SPDX-License-Identifier: MIT
//
// mailTrouble: a module that goes on, unless its deed says otherwise, at "load", "open" or "run".
#include "deed.hpp"

#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array<pigeon_declaration, 0> kAttributes = {};
constexpr pigeon_class kClass = pigeon::structural("mailTrouble", "makes trouble", kAttributes);
constexpr std::array kClasses = {&kClass};
constexpr pigeon::About kAbout = {
    .name = "mailTrouble", .version = "1", .summary = "makes trouble, for tests", .classes = kClasses};

class MailTrouble {
 public:
  static pigeon::Result<std::unique_ptr<MailTrouble>> open(pigeon::Host /*host*/,
                                                           const pigeon::Settings& /*settings*/) {
    trouble::at("open", &kAbout);
    return std::make_unique<MailTrouble>();
  }
  pigeon::Result<pigeon::Outcome> run(pigeon::Run& /*run*/) {
    trouble::at("run", &kAbout);
    return pigeon::Outcome::go_on;
  }
};

// NOLINTNEXTLINE(bugprone-exception-escape): one of its deeds is to let one escape
pigeon_status load(pigeon_error* /*error*/) noexcept {
  trouble::at("load", &kAbout);
  return PIGEON_OK;
}

constexpr pigeon_module kOperations = {sizeof(pigeon_module), 0, pigeon::run_module<MailTrouble>};

constexpr pigeon_plugin with_load() {
  auto plugin = pigeon::describe<MailTrouble>(PIGEON_KIND_MODULE, kAbout, &kOperations);
  plugin.load = load;
  return plugin;
}

}  // namespace

PIGEON_PLUGIN_NOTE(PIGEON_KIND_MODULE);
extern "C" constinit const pigeon_plugin pigeon_plugin_v0 = with_load();
