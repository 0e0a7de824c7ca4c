// SPDX-License-Identifier: MIT
//
// What the plugins of lent.hpp have in common. PIGEON_LENT_NAME is given by the build.
#pragma once

#include "host/testing/lent.hpp"

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <array>
#include <span>

namespace {

using pigeon::testing::lent_by;

// Opens to what the setting "lent" names.
pigeon_status open_lent(const pigeon_host* /*host*/, const pigeon_settings* settings, void** instance,
                        pigeon_error* /*error*/) noexcept {
  for (const auto& setting : std::span(settings->settings, settings->setting_count)) {
    if (pigeon::view(setting.name) != "lent") continue;
    const auto address = pigeon::number(pigeon::view(setting.values[0]));
    *instance = reinterpret_cast<void*>(address.value_or(0));
    return PIGEON_OK;
  }
  return PIGEON_MISCONFIGURED;
}
void close_lent(void* /*instance*/) noexcept {}

constexpr std::array kLentSettings = {
    pigeon::integer_of("lent", "where the operations are", nullptr, PIGEON_DECLARATION_MANDATORY)};

constexpr pigeon_plugin describe_lent(std::uint32_t kind, std::span<const pigeon_class* const> classes,
                                      const void* operations) {
  pigeon_plugin plugin = {};
  plugin.size = sizeof plugin;
  plugin.major = PIGEON_API_MAJOR;
  plugin.minor = PIGEON_API_MINOR;
  plugin.kind = kind;
  plugin.name = PIGEON_LENT_NAME;
  plugin.version = "1";
  plugin.summary = "does what a test has lent it";
  plugin.classes = classes.data();
  plugin.class_count = classes.size();
  plugin.settings = kLentSettings.data();
  plugin.setting_count = kLentSettings.size();
  plugin.open = open_lent;
  plugin.close = close_lent;
  plugin.operations = operations;
  return plugin;
}

}  // namespace

#define PIGEON_LENT_PLUGIN(kind_, classes_, operations_) \
  PIGEON_PLUGIN_NOTE(kind_);                             \
  extern "C" constinit const pigeon_plugin pigeon_plugin_v0 = describe_lent(kind_, classes_, &(operations_))
