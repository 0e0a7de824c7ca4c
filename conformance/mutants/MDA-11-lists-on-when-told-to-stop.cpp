// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done list(const pigeon::Allocation& allocation, pigeon::Deadline deadline,
                    const std::function<bool(const pigeon::Entry&)>& visit) override {
    return Mda::list(allocation, deadline, [&](const pigeon::Entry& entry) {
      static_cast<void>(visit(entry));
      return true;
    });
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
