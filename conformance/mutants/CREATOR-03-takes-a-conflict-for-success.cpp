// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Result<bool> allocate(pigeon::Allocating& allocating, pigeon::Condition condition) override {
    static_cast<void>(PIGEON_TRY(Creator::allocate(allocating, condition)));
    return true;
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
