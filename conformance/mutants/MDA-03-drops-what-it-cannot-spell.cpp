// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Attributes> propose(const pigeon::Principal& principal,
                                             const pigeon::Attributes& requests) override {
    auto plain = principal;
    std::erase_if(plain.user, [](char c) { return c == 0x27 || c == 0x22; });
    return Mda::propose(plain, requests);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
