// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Result<pigeon::Usage> usage(const pigeon::Allocation& allocation,
                                      const pigeon::Settings& preferences, bool recount,
                                      pigeon::Deadline deadline) override {
    auto usage = PIGEON_TRY(MovingMda::usage(allocation, preferences, recount, deadline));
    if (!recount && usage.messages > 0) --usage.messages;
    return usage;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
