// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done purge(const pigeon::Allocation& /*allocation*/, pigeon::Deadline /*deadline*/) override {
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
