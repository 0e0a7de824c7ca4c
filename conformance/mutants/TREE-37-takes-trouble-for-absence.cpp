// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) override {
    auto found = Tree::fetch(request);
    if (!found) return std::nullopt;
    return found;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
