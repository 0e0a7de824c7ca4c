// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done initialize(const pigeon_schema& schema, pigeon::Deadline deadline) override {
    static bool has_failed = false;
    if (has_failed) return pigeon::temporary("it did not work the last time");
    auto done = Mda::initialize(schema, deadline);
    has_failed = !done;
    return done;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
