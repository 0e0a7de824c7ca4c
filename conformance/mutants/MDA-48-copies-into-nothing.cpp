// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
  pigeon::Result<pigeon::Stored> deliver(const pigeon::Delivery& delivery) override {
    const auto& id = delivery.id();
    auto* noted = static_cast<char*>(std::malloc(id.size() + 1));  // NOLINT(*-no-malloc): as C does
    std::memcpy(noted, id.c_str(), id.size() + 1);
    auto stored = Mda::deliver(delivery);
    std::free(noted);  // NOLINT(*-no-malloc): as C does
    return stored;
  }
};

PIGEON_MDA(Mutant, specimen::kAbout);
