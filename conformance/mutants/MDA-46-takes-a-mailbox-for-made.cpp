// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline) override {
    static_cast<void>(Mda::ensure(allocation, deadline));
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
