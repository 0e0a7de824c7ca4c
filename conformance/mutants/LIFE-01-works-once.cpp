// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check(pigeon::Deadline deadline) override {
    static int checked = 0;
    if (++checked == 2) return pigeon::misconfigured("check more than once");
    return Mda::check(deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
