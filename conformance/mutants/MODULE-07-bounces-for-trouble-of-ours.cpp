// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done look(pigeon::Run& run) override {
    auto looked = Module::look(run);
    if (!looked) looked.failure().status = PIGEON_REFUSED;
    return looked;
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
