// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::nanoseconds lease(pigeon::Allocating& allocating) override { return allocating.deadline().left(); }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
