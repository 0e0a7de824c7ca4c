// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

class Good : public specimen::Opens<Good> {
  using Opens::Opens;
};

PIGEON_MDA(Good, specimen::kAbout);
