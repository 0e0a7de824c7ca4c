// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<pigeon::Fd> exclude(pigeon::Deadline /*deadline*/) override {
    const auto path = PIGEON_TRY(open_directory()).below(name() + ".lock");
    pigeon::Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    if (::fcntl(file.get(), F_SETLKW, &lock) != 0) return pigeon::temporary("lock " + path);
    return file;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
