// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Good : public specimen::OpensMoving<Good> {
  using OpensMoving::OpensMoving;
};

PIGEON_MDA(Good, specimen::kAbout);
