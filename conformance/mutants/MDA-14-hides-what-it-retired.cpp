// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Done check_stamp(const pigeon::Directory& home, const pigeon::Allocation& allocation) override {
    return Mda::check_stamp(home, allocation);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
