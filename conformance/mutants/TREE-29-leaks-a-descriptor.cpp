// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<specimen::State> read() override {
    static_cast<void>(::fcntl(PIGEON_TRY(open_directory()).fd(), F_DUPFD_CLOEXEC, 0));
    return Tree::read();
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
