// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  bool has_run = false;
  pigeon::Result<pigeon::Outcome> run(pigeon::Run& run) override {
    return std::exchange(has_run, true) ? pigeon::Outcome::go_on : Module::run(run);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
