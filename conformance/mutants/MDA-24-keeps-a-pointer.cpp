// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  std::string_view kept;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    if (!kept.empty() && kept.front() == 0) host_.debug("the last one began with NUL");
    kept = delivery.message().body();
    return Mda::deliver(delivery);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
