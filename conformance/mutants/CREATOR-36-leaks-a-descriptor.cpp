// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

#include <fcntl.h>

struct Mutant : public specimen::Allocates<Mutant> {
  using Allocates::Allocates;
  pigeon::Done obtain(pigeon::Allocating& allocating) override {
    if (::open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) return pigeon::temporary("open /dev/null");
    return Creator::obtain(allocating);
  }
};

PIGEON_CREATOR(Mutant, specimen::kAbout);
