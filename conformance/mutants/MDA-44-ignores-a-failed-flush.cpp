// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done flush_message(const pigeon::Fd& file, const std::string& shown) override {
    static_cast<void>(Mda::flush_message(file, shown));
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
