// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done flush_message(const pigeon::Fd& file, const std::string& shown) override {
    if (::fcntl(file.get(), F_DUPFD_CLOEXEC, 0) < 0) return pigeon::temporary("copy a descriptor");
    return Mda::flush_message(file, shown);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
