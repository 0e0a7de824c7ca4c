// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done look(pigeon::Run& run) override {
    const std::unique_ptr<int> looks(new (std::nothrow) int);
    *looks = 1;
    return Module::look(run);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
