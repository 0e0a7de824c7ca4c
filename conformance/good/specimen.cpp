// SPDX-License-Identifier: MIT
#include "module_specimen.hpp"

struct Good : public specimen::Opens<Good> {
  using Opens::Opens;
};

PIGEON_MODULE(Good, PIGEON_MODULE_TAKES, specimen::kAbout);
