// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline) override {
    PIGEON_TRY(Mda::ensure(allocation, deadline));
    const auto home = PIGEON_TRY(open_home(allocation));
    for (const auto& name : PIGEON_TRY(home.mail.names())) PIGEON_TRY(home.mail.remove(name));
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
