// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done initialize(const pigeon_schema& schema, pigeon::Deadline deadline) override {
    const int own = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    PIGEON_TRY(Mda::initialize(schema, deadline));
    ::close(own);
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
