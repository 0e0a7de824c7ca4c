// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

#include <thread>

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done look(pigeon::Run& run) override {
    static const auto first = std::this_thread::get_id();
    if (std::this_thread::get_id() != first) return pigeon::temporary("run in another thread");
    return Module::look(run);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
