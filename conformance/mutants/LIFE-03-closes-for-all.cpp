// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

static bool is_closed = false;

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  ~Mutant() override { is_closed = true; }
  pigeon::Done check(pigeon::Deadline deadline) override {
    return is_closed ? pigeon::Done(pigeon::misconfigured("use what was closed")) : Mda::check(deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
