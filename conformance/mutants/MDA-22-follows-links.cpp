// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    const auto path = base_ + "/" + home_of(delivery.allocation()) + "/mail/" + delivery.id();
    const pigeon::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.is_open()) return pigeon::system_failure("create", errno);
    PIGEON_TRY(pigeon::write_message(file, delivery.message(), path));
    return pigeon::Stored{.where = path};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
