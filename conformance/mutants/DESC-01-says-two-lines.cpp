// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

static constexpr pigeon::About kAbout = {PIGEON_SPECIMEN_NAME, "1.0", "two lines,\nnot one",
                                         specimen::kClasses, specimen::kSettings};
PIGEON_MDA(Mutant, kAbout);
