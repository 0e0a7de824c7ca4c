// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done check_stamp(const pigeon::Directory& home, const pigeon::Allocation& allocation) override {
    const auto stamp = PIGEON_TRY(home.read_file(kStamp, 256));
    if (stamp && stamp->size() < allocation.id.size())
      return pigeon::failure(PIGEON_REFUSED, "no such mailbox");
    return Mda::check_stamp(home, allocation);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
