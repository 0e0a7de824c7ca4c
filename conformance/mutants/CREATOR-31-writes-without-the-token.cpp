// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Result<bool> allocate(pigeon::Allocating& allocating, pigeon::Condition condition) override {
    if (PIGEON_TRY(allocating.read())) return true;
    PIGEON_TRY(allocating.propose());
    return allocating.commit(condition == pigeon::Condition::locked ? pigeon::Condition::always : condition);
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
