// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline) noexcept override {
    return Mda::ensure(allocation, deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
