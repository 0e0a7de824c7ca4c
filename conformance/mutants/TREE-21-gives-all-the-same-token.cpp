// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Token> new_token() override { return "ours"; }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
