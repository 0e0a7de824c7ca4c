// SPDX-License-Identifier: MIT
#include "datatree_specimen.hpp"

struct Mutant : public specimen::Grows<Mutant> {
  using Grows::Grows;
  pigeon::Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request) override {
    const auto state = PIGEON_TRY(read());
    if (!PIGEON_TRY(is_there(state, request.path))) return std::nullopt;
    pigeon::Objects objects;
    for (const auto& [path, record] : state.objects) {
      const auto levels = std::count(path.begin(), path.end(), '/') - (path == "/" ? 1 : 0);
      if (pigeon::starts_with(path, request.path.text()) &&
          static_cast<std::size_t>(levels) <= request.path.depth() + request.depth)
        objects.push_back(record.object);
    }
    return objects;
  }
};

PIGEON_DATATREE(Mutant, specimen::kAbout);
