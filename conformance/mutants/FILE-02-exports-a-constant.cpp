// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

PIGEON_MDA(Mutant, specimen::kAbout);
extern "C" {
PIGEON_EXPORT extern const int kShownToAll;
const int kShownToAll = 1;
}
