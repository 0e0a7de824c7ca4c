// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

static constexpr auto kOperations = pigeon::MdaOperations<Mutant>::table();
static pigeon_status load_once(pigeon_error* error) noexcept {
  static bool is_first = true;
  if (!std::exchange(is_first, false)) return report(pigeon::temporary("load again"), error);
  const pigeon::Fd file(::open("/dev/urandom", O_RDONLY | O_CLOEXEC));
  return file.is_open() ? PIGEON_OK : report(pigeon::system_failure("open", errno), error);
}
PIGEON_PLUGIN_NOTE(PIGEON_KIND_MDA);
constinit const pigeon_plugin pigeon_plugin_v0 = [] {
  auto plugin = pigeon::describe<Mutant>(PIGEON_KIND_MDA, specimen::kAbout, &kOperations);
  plugin.load = load_once;
  return plugin;
}();
