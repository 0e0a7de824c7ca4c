// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done look(pigeon::Run& run) override {
    const pigeon::Fd file(::open(notes_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    PIGEON_TRY(pigeon::write_all(file, run.envelope().sender(), notes_));
    return Module::look(run);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
