// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check(pigeon::Deadline deadline) override {
    ::umask(022);
    return Mda::check(deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
