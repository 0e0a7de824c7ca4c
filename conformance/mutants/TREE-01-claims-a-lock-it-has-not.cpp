// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  static constexpr pigeon_datatree table() {
    auto operations = pigeon::DatatreeOperations<Mutant>::table();
    operations.unlock = nullptr;
    return operations;
  }
};

static constexpr pigeon_datatree pigeon_plugin_operations = Mutant::table();
PIGEON_PLUGIN(PIGEON_KIND_DATATREE, Mutant, pigeon_plugin_operations, specimen::kAbout);
