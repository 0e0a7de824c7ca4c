// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) noexcept override {
    return Tree::fetch(request);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
