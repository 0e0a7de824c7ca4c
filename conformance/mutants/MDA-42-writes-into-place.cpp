// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    const auto home = PIGEON_TRY(open_home(delivery.allocation()));
    const auto file = PIGEON_TRY(home.mail.create_file(delivery.id()));
    if (!file) return pigeon::Stored{.where = delivery.id(), .already_there = true};
    PIGEON_TRY(pigeon::write_message(*file, delivery.message(), home.mail.below(delivery.id())));
    PIGEON_TRY(flush_message(*file, home.mail.below(delivery.id())));
    PIGEON_TRY(flush_directory(home.mail));
    return pigeon::Stored{.where = delivery.id()};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
