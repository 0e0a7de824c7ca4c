// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> children(const pigeon::Page& request) override {
    auto found = PIGEON_TRY(Tree::children(request));
    if (!found || request.after.empty()) return found;
    const auto last = PIGEON_TRY(Tree::fetch({request.path.child(request.after), 0, true, request.deadline}));
    if (last && found->size() == request.limit) found->pop_back();
    if (last) found->insert(found->begin(), last->front());
    return found;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
