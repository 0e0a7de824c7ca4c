// SPDX-License-Identifier: MIT
#include "creator_specimen.hpp"

struct Good : public specimen::Allocates<Good> {
  using Allocates::Allocates;
};

PIGEON_CREATOR(Good, specimen::kAbout);
