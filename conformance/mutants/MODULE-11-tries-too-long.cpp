// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done store(pigeon::Run& run, const std::string& folder) override {
    auto stored = Module::store(run, folder);
    for (int again = 0; again < 5 && !stored; ++again) {
      ::usleep(500'000);
      stored = Module::store(run, folder);
    }
    return stored;
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
