// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Done read(const pigeon::Allocation& allocation, const std::string& folder, const std::string& name,
                    pigeon::Deadline deadline, const std::function<bool(std::string_view)>& give) override {
    const auto less = [&](std::string_view bytes) { return give(bytes.substr(0, bytes.size() - 1)); };
    return MovingMda::read(allocation, folder, name, deadline, less);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
