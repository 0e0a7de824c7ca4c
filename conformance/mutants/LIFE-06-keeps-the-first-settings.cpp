// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  static pigeon::Result<std::unique_ptr<Mutant>> open(pigeon::Host host, const pigeon::Settings& settings) {
    static const auto first = settings;
    return std::make_unique<Mutant>(host, first);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
