// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Done read(const pigeon::Allocation& allocation, const std::string& folder, const std::string& name,
                    pigeon::Deadline deadline, const std::function<bool(std::string_view)>& give) override {
    auto done = MovingMda::read(allocation, folder, name, deadline, give);
    return done || done.failure().status == PIGEON_NOT_THERE ? pigeon::Done() : done;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
