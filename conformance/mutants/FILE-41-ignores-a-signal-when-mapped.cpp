// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

#include <csignal>

__attribute__((constructor)) static void ignore() {
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));
}

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

PIGEON_MDA(Mutant, specimen::kAbout);
