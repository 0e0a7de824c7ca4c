// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Attributes> propose(const pigeon::Principal& principal,
                                             const pigeon::Attributes& requests) override {
    auto proposed = PIGEON_TRY(Mda::propose(principal, requests));
    PIGEON_TRY(PIGEON_TRY(open_base()).make(std::string(*proposed.get("home"))));
    return proposed;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
