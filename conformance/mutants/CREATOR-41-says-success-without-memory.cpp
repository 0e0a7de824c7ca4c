// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override try {
    static_cast<void>(std::make_unique<pigeon::Allocating>(allocating));
    return Creator::obtain(allocating);
  } catch (const std::bad_alloc&) {
    return {};
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
