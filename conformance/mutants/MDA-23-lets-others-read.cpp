// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done publish(const specimen::Home& home, const std::string& name) override {
    if (::fchmodat(home.tmp.fd(), name.c_str(), 0644, 0) != 0) return pigeon::temporary("change the mode");
    return Mda::publish(home, name);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
