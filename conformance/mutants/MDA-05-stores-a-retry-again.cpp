// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<std::string> name_for(const specimen::Home& home,
                                       const pigeon::Delivery& delivery) override {
    for (unsigned number = 0;; ++number) {
      const auto name = delivery.id() + "-" + std::to_string(number);
      if (!PIGEON_TRY(home.mail.has(name))) return name;
    }
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
