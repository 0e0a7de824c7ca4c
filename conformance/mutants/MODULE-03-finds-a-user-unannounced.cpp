// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done store(pigeon::Run& run, const std::string& folder) override {
    PIGEON_TRY(
        run.set_principal({.object = {.path = "/example.com/mailUsers/bob", .objectclass = "mailUser"}}));
    return Module::store(run, folder);
  }
};

PIGEON_MODULE(Mutant, PIGEON_MODULE_TAKES, specimen::kAbout);
