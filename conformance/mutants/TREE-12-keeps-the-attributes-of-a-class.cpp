// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> change_one(specimen::State& state, const std::string& path,
                                             const pigeon::Change& change) override {
    if (change.kind == PIGEON_CHANGE_REMOVE_CLASS) state.classes[change.name].clear();
    return Tree::change_one(state, path, change);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
