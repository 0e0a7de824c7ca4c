// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) override try {
    return Tree::fetch(request);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
