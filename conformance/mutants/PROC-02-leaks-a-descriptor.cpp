// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  ~Mutant() override { static_cast<void>(forgotten.release()); }
  pigeon::Fd forgotten{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

PIGEON_MDA(Mutant, specimen::kAbout);
