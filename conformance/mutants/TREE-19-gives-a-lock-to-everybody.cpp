// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Token>> lock(const pigeon::TreePath& path,
                                                    pigeon::nanoseconds /*lease*/,
                                                    pigeon::Deadline deadline) override {
    return Tree::lock(path, pigeon::nanoseconds(0), deadline);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
