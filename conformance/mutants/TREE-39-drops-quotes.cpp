// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Applied> apply(const pigeon::Update& update) override {
    auto quoted = update;
    auto path = update.path.text();
    std::erase(path, '\'');
    quoted.path = pigeon::TreePath::parse(path).value_or(update.path);
    return Tree::apply(quoted);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
