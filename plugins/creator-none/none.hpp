// SPDX-License-Identifier: MIT
//
// creator-none: writes the allocation without asking. One host and one process at a time, or two of them may
// each give a new user a mailbox and one of the two is then forgotten.
#pragma once

#include <pigeon/sdk/creator.hpp>

#include <memory>

namespace creator_none {

class None {
 public:
  static pigeon::Result<std::unique_ptr<None>> open(pigeon::Host /*host*/,
                                                    const pigeon::Settings& /*settings*/) {
    return std::make_unique<None>();
  }

  pigeon::Done obtain(pigeon::Allocating& allocating) {
    PIGEON_TRY(allocating.propose());
    if (PIGEON_TRY(allocating.commit(pigeon::Condition::always))) return {};
    return pigeon::temporary("the allocation could not be written");
  }
};

}  // namespace creator_none
