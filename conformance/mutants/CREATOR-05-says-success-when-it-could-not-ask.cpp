// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Result<bool> allocate(pigeon::Allocating& allocating, pigeon::Condition condition) override {
    const auto allocated = Creator::allocate(allocating, condition);
    return !allocated || *allocated;
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
