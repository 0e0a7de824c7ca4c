// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check_stamp(const pigeon::Directory& /*home*/,
                           const pigeon::Allocation& /*allocation*/) override {
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
