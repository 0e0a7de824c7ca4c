// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Done retire(const pigeon::Allocation& /*allocation*/, pigeon::Deadline /*deadline*/) override {
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
