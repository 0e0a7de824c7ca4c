// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> apply(const pigeon::Update& update) override {
    const auto applied = PIGEON_TRY(Tree::apply(update));
    if (update.deadline.passed()) return pigeon::failure(PIGEON_TIMEOUT, "late");
    return applied;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
