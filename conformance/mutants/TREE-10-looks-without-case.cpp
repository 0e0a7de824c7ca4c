// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) override {
    for (const auto& [path, record] : PIGEON_TRY(read()).objects) {
      if (!pigeon::same_name(path, request.path.text())) continue;
      return Tree::fetch({*pigeon::TreePath::parse(path), request.depth, true, request.deadline});
    }
    return Tree::fetch(request);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
