// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  int delivered = 0;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    if (++delivered == 40) return pigeon::Stored{.where = "nowhere"};
    return Mda::deliver(delivery);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
