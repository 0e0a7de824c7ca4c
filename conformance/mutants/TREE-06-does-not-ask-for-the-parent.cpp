// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<bool> is_there(const specimen::State& state, const pigeon::TreePath& path) override {
    return state.objects.contains(path.text());
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
