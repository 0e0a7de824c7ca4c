// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done store(pigeon::Run& run, const std::string& folder) override try {
    static_cast<void>(std::make_unique<std::string>(folder));
    return Module::store(run, folder);
  } catch (const std::bad_alloc&) {
    return {};
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
