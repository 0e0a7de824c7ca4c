// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done flush_directory(const pigeon::Directory& directory) override {
    return directory.shown() == base_ ? pigeon::Done() : Mda::flush_directory(directory);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
