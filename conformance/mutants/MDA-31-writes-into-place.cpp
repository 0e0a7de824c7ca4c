// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    const auto home = PIGEON_TRY(open_home(delivery.allocation()));
    const auto name = PIGEON_TRY(name_for(home, delivery));
    if (PIGEON_TRY(is_there(home, name))) return pigeon::Stored{.where = name, .already_there = true};
    const auto file = PIGEON_TRY(home.mail.create_file(name));
    if (!file) return pigeon::failure(PIGEON_BUSY, "somebody else is at it");
    PIGEON_TRY(pigeon::write_message(*file, delivery.message(), name));
    PIGEON_TRY(flush_message(*file, name));
    return pigeon::Stored{.where = name};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
