// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override try {
    PIGEON_TRY(Creator::obtain(allocating));
    static_cast<void>(std::make_unique<pigeon::Allocating>(allocating));
    return {};
  } catch (const std::bad_alloc&) {
    PIGEON_TRY(allocating.propose());
    PIGEON_TRY(allocating.commit(pigeon::Condition::always));
    return {};
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
