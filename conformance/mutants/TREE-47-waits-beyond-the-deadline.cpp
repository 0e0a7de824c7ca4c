// SPDX-License-Identifier: MIT
#include "asked_server.hpp"
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) override {
    if (!specimen::ask_server(std::chrono::seconds(6))) return pigeon::unavailable("silence");
    return Tree::fetch(request);
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
