// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

#include <cstdio>

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done look(pigeon::Run& run) override {
    std::puts("delivered, says the plugin");
    return Module::look(run);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
