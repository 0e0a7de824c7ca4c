// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

#include <mutex>

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    static std::mutex mutex;
    const std::lock_guard guard(mutex);
    return Mda::deliver(delivery);
  }
  pigeon::Result<std::string> name_for(const specimen::Home& home, const pigeon::Delivery& /*_*/) override {
    return std::to_string(PIGEON_TRY(home.mail.names()).size());
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
