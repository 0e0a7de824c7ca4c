// SPDX-License-Identifier: MIT
#include "mda_specimen.hpp"

struct Mutant : public specimen::Opens<Mutant> {
  using Opens::Opens;
};

static constexpr std::array kSettings = {
    pigeon::path_of("base", "what all is below", PIGEON_DECLARATION_MANDATORY),
    pigeon::integer_of("most", "how many messages", "many"),
};
static constexpr pigeon::About kAbout = {PIGEON_SPECIMEN_NAME, "1.0", "declares a default that is none",
                                         specimen::kClasses, kSettings};
PIGEON_MDA(Mutant, kAbout);
