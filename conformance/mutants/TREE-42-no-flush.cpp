// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Done write(const specimen::State& state) override {
    const auto directory = PIGEON_TRY(open_directory());
    const auto next = name() + ".new";
    PIGEON_TRY(directory.remove(next));
    const auto file = PIGEON_TRY(directory.create_file(next));
    if (!file) return pigeon::temporary("create " + next);
    PIGEON_TRY(pigeon::write_all(*file, specimen::spell(state), next));
    return directory.rename(next, directory, name());
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
