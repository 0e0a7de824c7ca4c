// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> set(pigeon::Object& object, const pigeon::Change& change) override {
    auto fewer = change;
    if (fewer.values.size() > 3) fewer.values.pop_back();
    return Tree::set(object, fewer);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
