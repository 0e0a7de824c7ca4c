// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override {
    static_cast<void>(lock(allocating));
    const auto committed = allocate(allocating, pigeon::Condition::locked);
    unlock(allocating);
    return committed ? pigeon::Done() : committed.failure();
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
