// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

#include <atomic>

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override {
    static std::atomic<bool> is_busy = false;
    if (is_busy.exchange(true)) return {};
    auto obtained = Creator::obtain(allocating);
    is_busy = false;
    return obtained;
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
