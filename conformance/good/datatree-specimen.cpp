// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Good : public specimen::Grows<Good> {
  using Grows::Grows;
};

PIGEON_DATATREE(Good, specimen::kAbout);
