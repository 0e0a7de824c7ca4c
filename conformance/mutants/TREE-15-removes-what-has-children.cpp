// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> remove(specimen::State& state, const std::string& path) override {
    return state.objects.erase(path) != 0 ? pigeon::Applied::yes : pigeon::Applied::not_there;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
