// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override {
    const std::unique_ptr<int> rounds(new (std::nothrow) int);
    *rounds = 0;
    return Creator::obtain(allocating);
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
