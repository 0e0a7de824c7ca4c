// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Good : public specimen::Opens<Good> {
  using Opens::Opens;
};

PIGEON_MDA(Good, specimen::kAbout);
