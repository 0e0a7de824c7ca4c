// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<std::string> name_for(const specimen::Home& home,
                                       const pigeon::Delivery& /*delivery*/) override {
    return std::to_string(PIGEON_TRY(home.mail.names()).size());
  }
  pigeon::Result<bool> is_there(const specimen::Home& /*home*/, const std::string& /*name*/) override {
    return false;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
