// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> apply_all(const std::vector<pigeon::Update>& updates,
                                            std::size_t& failed) override {
    for (failed = 0; failed < updates.size(); ++failed) {
      std::size_t first = 0;
      const auto applied = PIGEON_TRY(Tree::apply_all({updates[failed]}, first));
      if (applied != pigeon::Applied::yes) return applied;
    }
    return pigeon::Applied::yes;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
