// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  bool holds(const pigeon::Object* object, const pigeon::Precondition& condition) override {
    if (object == nullptr || condition.kind != PIGEON_IF_ATTRIBUTE_EQUAL)
      return Tree::holds(object, condition);
    const auto values = object->attributes.all(condition.name);
    return std::find(values.begin(), values.end(), condition.value) != values.end();
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
