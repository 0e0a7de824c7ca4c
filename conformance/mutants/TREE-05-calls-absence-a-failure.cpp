// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<bool> is_there(const specimen::State& state, const pigeon::TreePath& path) override {
    if (PIGEON_TRY(Tree::is_there(state, path))) return true;
    return pigeon::unavailable("look for " + path.text());
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
