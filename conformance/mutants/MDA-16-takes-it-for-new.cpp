// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Done flush_message(const pigeon::Fd& file, const std::string& shown) override {
    return Mda::flush_message(file, shown);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
