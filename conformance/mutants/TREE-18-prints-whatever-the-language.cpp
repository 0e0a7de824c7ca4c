// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::string> print_schema(const pigeon_schema& /*schema*/,
                                           std::string_view /*language*/) override {
    return "class mailDomain { acceptUnknown; }";
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
