// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

#include <linux/fs.h>

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Done publish(const specimen::Home& home, const std::string& name) override {
    PIGEON_TRY(home.mail.create_file(name));
    if (::syscall(SYS_renameat2, home.tmp.fd(), name.c_str(), home.mail.fd(), name.c_str(),
                  RENAME_EXCHANGE) != 0)
      return pigeon::system_failure("exchange " + name, errno);
    PIGEON_TRY(home.tmp.remove(name));
    return {};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
