// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<specimen::State> read() override {
    auto state = Tree::read();
    if (state) return state;
    specimen::State empty;
    empty.objects["/"].object = {.path = "/", .objectclass = "mailRoot"};
    PIGEON_TRY(write(empty));
    return empty;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
