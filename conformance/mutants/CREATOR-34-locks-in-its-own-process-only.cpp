// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

#include <mutex>

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override {
    static std::mutex mutex;
    const std::lock_guard guard(mutex);
    if (PIGEON_TRY(allocating.read())) return {};
    PIGEON_TRY(allocating.propose());
    static_cast<void>(PIGEON_TRY(allocating.commit(pigeon::Condition::if_absent)));
    return {};
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
