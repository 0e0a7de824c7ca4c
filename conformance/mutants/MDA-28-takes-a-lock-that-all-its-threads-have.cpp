// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    const pigeon::Fd file(::open((base_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    ::fcntl(file.get(), F_SETLKW, &lock);
    return Mda::deliver(delivery);
  }
  pigeon::Result<std::string> name_for(const specimen::Home& home, const pigeon::Delivery& /*_*/) override {
    return std::to_string(PIGEON_TRY(home.mail.names()).size());
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
