// SPDX-License-Identifier: MIT
//
// creator-first: whoever commits first has made the allocation; all others take that one.
#include <pigeon/sdk/creator.hpp>

class First {
 public:
  static pigeon::Result<std::unique_ptr<First>> open(pigeon::Host /*host*/,
                                                     const pigeon::Settings& /*settings*/) {
    return std::make_unique<First>();
  }

  pigeon::Done obtain(pigeon::Allocating& allocating) {
    if (PIGEON_TRY(allocating.read())) return {};
    PIGEON_TRY(allocating.propose());
    if (PIGEON_TRY(allocating.commit(pigeon::Condition::if_absent))) return {};
    if (PIGEON_TRY(allocating.read())) return {};  // somebody else was first
    return pigeon::temporary("the allocation came and went");
  }
};

constexpr pigeon::About kAbout = {
    .name = "creator-first", .version = "1.0", .summary = "allocates once, whoever comes first"};

PIGEON_CREATOR(First, kAbout);
