// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Result<bool> allocate(pigeon::Allocating& allocating, pigeon::Condition condition) override {
    auto allocated = Creator::allocate(allocating, condition);
    failed_ = !allocated;
    return allocated;
  }
  void unlock(pigeon::Allocating& allocating) override {
    if (!failed_) Creator::unlock(allocating);
  }
  bool failed_ = false;
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
