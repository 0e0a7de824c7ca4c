// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

#include <cstdio>

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check(pigeon::Deadline deadline) override {
    std::puts("checked");
    return Mda::check(deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
