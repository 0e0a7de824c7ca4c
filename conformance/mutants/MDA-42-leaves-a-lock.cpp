// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    const auto home = PIGEON_TRY(open_home(delivery.allocation()));
    if (!PIGEON_TRY(home.home.create_file("lock"))) return pigeon::failure(PIGEON_BUSY, "it is locked");
    auto stored = Mda::deliver(delivery);
    PIGEON_TRY(home.home.remove("lock"));
    return stored;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
