// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  static pigeon::Result<std::unique_ptr<Mutant>> open(pigeon::Host host, const pigeon::Settings& settings) {
    if (settings.text("base").size() > 4096) return pigeon::misconfigured("something is too long");
    return std::make_unique<Mutant>(host, settings);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
