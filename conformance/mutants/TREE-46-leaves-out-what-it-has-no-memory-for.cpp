// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

#include <list>

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> change_one(specimen::State& state, const std::string& path,
                                             const pigeon::Change& change) override try {
    const std::list<int> notes(1000);
    return Tree::change_one(state, path, change);
  } catch (const std::bad_alloc&) {
    return pigeon::Applied::yes;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
