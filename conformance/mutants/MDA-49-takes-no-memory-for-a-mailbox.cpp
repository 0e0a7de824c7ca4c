// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline) override try {
    if (is_made_) return {};
    is_made_ = true;
    return Mda::ensure(allocation, deadline);
  } catch (const std::bad_alloc&) {
    return {};
  }
  bool is_made_ = false;
};

PIGEON_MDA(Mutant, specimen::kAbout);
