// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done initialize(const pigeon_schema& schema, pigeon::Deadline deadline) override {
    const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    auto done = Mda::initialize(schema, deadline);
    ::close(file);
    return done;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
