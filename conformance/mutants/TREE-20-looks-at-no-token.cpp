// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  bool is_held(const specimen::Record& record, const pigeon::Token& /*token*/) override {
    return !record.lock.empty();
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
