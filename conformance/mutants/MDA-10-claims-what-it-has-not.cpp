// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

static constexpr pigeon_mda operations() {
  auto table = pigeon::MdaOperations<Mutant>::table();
  table.capabilities |= PIGEON_MDA_ADOPT;
  return table;
}
static constexpr pigeon_mda kOperations = operations();
PIGEON_PLUGIN(PIGEON_KIND_MDA, Mutant, kOperations, specimen::kAbout);
