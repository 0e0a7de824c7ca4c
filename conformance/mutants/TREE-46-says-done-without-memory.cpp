// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> apply(const pigeon::Update& update) override try {
    return Tree::apply(update);
  } catch (const std::bad_alloc&) {
    return pigeon::Applied::yes;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
