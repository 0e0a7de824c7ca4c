// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done take_a_note(pigeon::Run& run) override {
    return Module::take_a_note(run) ? pigeon::Done() : pigeon::failure(PIGEON_REFUSED, "cannot take a note");
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
