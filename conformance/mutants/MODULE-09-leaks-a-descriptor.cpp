// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done look(pigeon::Run& run) override {
    if (::open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) return pigeon::system_failure("open", errno);
    return Module::look(run);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
