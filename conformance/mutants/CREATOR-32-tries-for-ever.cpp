// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  bool gives_up(pigeon::Allocating& /*allocating*/) override { return false; }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
