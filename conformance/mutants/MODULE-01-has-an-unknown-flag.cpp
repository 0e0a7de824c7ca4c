// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES | 0x80, specimen::kAbout);
