// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  std::string_view last;
  pigeon::Done look(pigeon::Run& run) override {
    explain(run, "after a message from " + std::string(last));
    last = run.envelope().sender();
    return Module::look(run);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
