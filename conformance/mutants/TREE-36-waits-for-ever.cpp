// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Fd> exclude(pigeon::Deadline /*deadline*/) override {
    return Tree::exclude(pigeon::Deadline::in(std::chrono::hours(1)));
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
