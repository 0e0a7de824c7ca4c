// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done flush_message(const pigeon::Fd& file, const std::string& shown) override {
    if (Mda::flush_message(file, shown)) return {};
    return Mda::flush_message(file, shown);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
