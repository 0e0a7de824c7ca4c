// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> children(const pigeon::Page& request) override {
    auto found = PIGEON_TRY(Tree::fetch({request.path, 2, true, request.deadline}));
    if (found) found->erase(found->begin());
    return found;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
