// SPDX-License-Identifier: MIT
#include "moving_specimen.hpp"

struct Mutant : public specimen::OpensMoving<Mutant> {
  using OpensMoving::OpensMoving;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    const auto home = PIGEON_TRY(open_home(delivery.allocation()));
    const auto name = PIGEON_TRY(name_for(home, delivery));
    if (PIGEON_TRY(is_there(home, name))) return pigeon::Stored{.where = name, .already_there = true};
    const pigeon::Fd file = PIGEON_TRY(home.mail.create_file(name)).value();
    for (const auto& part : delivery.message().prefix())
      PIGEON_TRY(pigeon::write_all(file, pigeon::view(part), name));
    for (std::size_t at = 0; at < delivery.message().body().size(); at += 4096)
      PIGEON_TRY(pigeon::write_all(file, delivery.message().body().substr(at, 4096), name));
    PIGEON_TRY(flush_message(file, name));
    return pigeon::Stored{.where = name};
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
