// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done publish(const specimen::Home& home, const std::string& name) override {
    const auto file = PIGEON_TRY(home.tmp.open_file(name, O_RDWR));
    if (::ftruncate(file->get(), ::lseek(file->get(), 0, SEEK_END) - 1) != 0)
      return pigeon::temporary("truncate");
    return Mda::publish(home, name);
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
