// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> change_one(specimen::State& state, const std::string& path,
                                             const pigeon::Change& change) override {
    if (change.kind == PIGEON_CHANGE_ADD_CLASS && state.objects.contains(path)) {
      auto& classes = state.objects[path].object.auxiliary;
      if (std::find(classes.begin(), classes.end(), change.name) == classes.end())
        classes.push_back(change.name);
      return pigeon::Applied::yes;
    }
    return Tree::change_one(state, path, change);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
