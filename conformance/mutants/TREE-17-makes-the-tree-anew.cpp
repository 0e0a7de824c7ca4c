// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Done initialize(const pigeon_schema& schema, pigeon::Deadline deadline) override {
    const auto directory = PIGEON_TRY(open_directory());
    PIGEON_TRY(directory.remove(name()));
    return Tree::initialize(schema, deadline);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
