// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) override {
    auto found = PIGEON_TRY(Tree::fetch(request));
    if (found && found->size() > 1) std::reverse(found->begin() + 1, found->end());
    return found;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
