// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

#include <sys/wait.h>

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check(pigeon::Deadline deadline) override {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::setsid() > 0 && ::fork() == 0) ::sleep(600);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return Mda::check(deadline);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
