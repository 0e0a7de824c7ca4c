// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Result<bool> allocate(pigeon::Allocating& allocating, pigeon::Condition condition) override {
    PIGEON_TRY(allocating.propose());
    if (PIGEON_TRY(allocating.commit(condition))) return true;
    return allocating.read();
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
