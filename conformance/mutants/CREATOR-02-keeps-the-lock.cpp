// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  void unlock(pigeon::Allocating& /*allocating*/) override {}
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
