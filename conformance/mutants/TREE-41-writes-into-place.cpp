// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Done write(const specimen::State& state) override {
    const pigeon::Fd file(::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.is_open()) return pigeon::system_failure("open " + file_, errno);
    PIGEON_TRY(pigeon::write_all(file, specimen::spell(state), file_));
    return pigeon::flush(file, file_);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
