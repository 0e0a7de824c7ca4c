// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Done write(const specimen::State& state) override {
    auto done = Tree::write(state);
    return !done && done.failure().status == PIGEON_NO_SPACE ? pigeon::Done() : done;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
