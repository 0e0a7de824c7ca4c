// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  bool holds(const pigeon::Object* object, const pigeon::Precondition& condition) override {
    return condition.kind == PIGEON_IF_ATTRIBUTE_EQUAL || Tree::holds(object, condition);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
