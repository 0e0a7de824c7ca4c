// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  Mutant(pigeon::Host host, const pigeon::Settings& settings) : Opens(host, settings) { *rounds_ = 0; }
  std::unique_ptr<int> rounds_ = std::unique_ptr<int>(new (std::nothrow) int);
};

PIGEON_MDA(Mutant, specimen::kAbout);
