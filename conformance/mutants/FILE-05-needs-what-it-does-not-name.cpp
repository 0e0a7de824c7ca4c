// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

// Of libelf, which this program happens to have, and which the file does not say that it needs.
extern "C" unsigned elf_version(unsigned);

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check(pigeon::Deadline deadline) override {
    if (elf_version(1) == 0) return pigeon::misconfigured("use libelf");
    return Mda::check(deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
