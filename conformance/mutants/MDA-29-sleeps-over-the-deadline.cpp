// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    if (delivery.deadline().passed()) ::sleep(2);
    return Mda::deliver(delivery);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
