// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done lock(pigeon::Allocating& /*allocating*/) override {
    return pigeon::failure(PIGEON_UNSUPPORTED, "without");
  }
  pigeon::Result<bool> allocate(pigeon::Allocating& allocating, pigeon::Condition condition) override {
    if (PIGEON_TRY(allocating.read())) return true;
    PIGEON_TRY(allocating.propose());
    static_cast<void>(PIGEON_TRY(allocating.commit(condition)));
    return true;
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
