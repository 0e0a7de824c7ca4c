// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Outcome> run(pigeon::Run& run) override {
    PIGEON_TRY(Module::run(run));
    return static_cast<pigeon::Outcome>(7);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
