// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline) override {
    const auto base = PIGEON_TRY(open_base());
    const auto home = PIGEON_TRY(base.find(home_of(allocation)));
    if (home && !PIGEON_TRY(home->has("mail"))) return pigeon::misconfigured("it is half there");
    return Mda::ensure(allocation, deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
