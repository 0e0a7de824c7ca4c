// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

static constexpr auto kOperations = pigeon::MdaOperations<Mutant>::table();
static pigeon_status open_and_look(const pigeon_host* host, const pigeon_settings* settings, void** instance,
                                   pigeon_error* error) noexcept {
  return *reinterpret_cast<const volatile char*>(host + 1) == '?'
             ? PIGEON_BUG
             : pigeon::Instance<Mutant>::open(host, settings, instance, error);
}
PIGEON_PLUGIN_NOTE(PIGEON_KIND_MDA);
constinit const pigeon_plugin pigeon_plugin_v0 = [] {
  auto plugin = pigeon::describe<Mutant>(PIGEON_KIND_MDA, specimen::kAbout, &kOperations);
  plugin.open = open_and_look;
  return plugin;
}();
