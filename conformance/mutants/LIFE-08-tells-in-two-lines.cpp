// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

static constexpr auto kOperations = pigeon::MdaOperations<Mutant>::table();
static pigeon_status check_in_haste(void* /*instance*/, uint64_t /*deadline*/, pigeon_error* error) noexcept {
  std::strcpy(error->detail, "open the base:\nit is not there");
  return error->status = PIGEON_UNAVAILABLE;
}
PIGEON_PLUGIN_NOTE(PIGEON_KIND_MDA);
constinit const pigeon_plugin pigeon_plugin_v0 = [] {
  auto plugin = pigeon::describe<Mutant>(PIGEON_KIND_MDA, specimen::kAbout, &kOperations);
  plugin.check = check_in_haste;
  return plugin;
}();
