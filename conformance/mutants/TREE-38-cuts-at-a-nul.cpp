// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> set(pigeon::Object& object, const pigeon::Change& change) override {
    auto cut = change;
    for (auto& value : cut.values) value = value.front() == 0 ? value : value.c_str();
    return Tree::set(object, cut);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
