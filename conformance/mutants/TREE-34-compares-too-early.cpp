// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> apply(const pigeon::Update& update) override {
    const auto state = PIGEON_TRY(read());
    const auto found = state.objects.find(update.path.text());
    auto rest = update;
    std::erase_if(rest.preconditions, [&](const auto& each) {
      return each.kind == PIGEON_IF_ATTRIBUTE_EQUAL && found != state.objects.end() &&
             holds(&found->second.object, each);
    });
    return Tree::apply(rest);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
