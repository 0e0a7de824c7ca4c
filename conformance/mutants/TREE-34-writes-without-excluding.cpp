// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Fd> exclude(pigeon::Deadline /*deadline*/) override {
    const auto directory = PIGEON_TRY(open_directory());
    return *PIGEON_TRY(directory.open_file("."));
  }
  pigeon::Done write(const specimen::State& state) override {
    const auto directory = PIGEON_TRY(open_directory());
    const auto own = name() + std::to_string(::getpid());
    PIGEON_TRY(directory.publish(own, spell(state)));
    return directory.rename(own, directory, name());
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
