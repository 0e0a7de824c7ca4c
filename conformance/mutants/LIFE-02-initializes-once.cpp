// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done initialize(const pigeon_schema& schema, pigeon::Deadline deadline) override {
    if (::access(base_.c_str(), F_OK) == 0) return pigeon::misconfigured("make " + base_ + ": it is there");
    return Mda::initialize(schema, deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
