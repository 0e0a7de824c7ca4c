// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Done take_part(const pigeon::Directory& /*home*/, const pigeon::Allocation& /*_*/) override {
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
