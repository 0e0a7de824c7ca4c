// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> change_one(specimen::State& state, const std::string& path,
                                             const pigeon::Change& change) override {
    const auto applied = PIGEON_TRY(Tree::change_one(state, path, change));
    if (applied == pigeon::Applied::yes) PIGEON_TRY(write(state));
    return applied;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
