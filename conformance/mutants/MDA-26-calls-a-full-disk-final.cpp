// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    auto stored = Mda::deliver(delivery);
    if (!stored) stored.failure().status = PIGEON_REFUSED;
    return stored;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
