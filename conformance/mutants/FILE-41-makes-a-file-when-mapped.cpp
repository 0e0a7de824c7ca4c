// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

__attribute__((constructor)) static void make_a_file() {
  ::close(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

PIGEON_MDA(Mutant, specimen::kAbout);
