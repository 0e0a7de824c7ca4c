// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<std::string> name_for(const specimen::Home& /*home*/,
                                       const pigeon::Delivery& delivery) override {
    return delivery.id() + "-" + std::to_string(::getpid());
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
