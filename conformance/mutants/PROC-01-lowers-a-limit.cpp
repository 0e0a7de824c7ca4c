// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

#include <sys/resource.h>

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check(pigeon::Deadline deadline) override {
    rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    --limit.rlim_cur;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return Mda::check(deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
