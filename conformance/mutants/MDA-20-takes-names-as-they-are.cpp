// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Attributes> propose(const pigeon::Principal& principal,
                                             const pigeon::Attributes& /*requests*/) override {
    return pigeon::Attributes{{"home", {principal.user}}};
  }
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) override {
    ::mkdir((base_ + "/" + home_of(allocation)).c_str(), 0700);
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
