// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    PIGEON_TRY(ensure(delivery.allocation(), delivery.deadline()));
    return Mda::deliver(delivery);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
