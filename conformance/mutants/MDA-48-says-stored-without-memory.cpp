// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override try {
    return Mda::deliver(delivery);
  } catch (const std::bad_alloc&) {
    return pigeon::Stored{};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
