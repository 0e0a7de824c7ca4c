// SPDX-License-Identifier: MIT
//
// creator-optimistic: writes the allocation on the condition that there is none. Whoever loses takes the
// winner's; since nothing but the tree was touched, there is nothing to undo.
#pragma once

#include <pigeon/sdk/creator.hpp>

#include <memory>

namespace creator_optimistic {

class Optimistic {
 public:
  static pigeon::Result<std::unique_ptr<Optimistic>> open(pigeon::Host /*host*/,
                                                          const pigeon::Settings& /*settings*/) {
    return std::make_unique<Optimistic>();
  }

  pigeon::Done obtain(pigeon::Allocating& allocating) {
    while (!allocating.deadline().passed()) {
      if (PIGEON_TRY(allocating.read())) return {};
      PIGEON_TRY(allocating.propose());
      if (PIGEON_TRY(allocating.commit(pigeon::Condition::if_absent))) return {};
      // Somebody was first. The next read finds theirs; if they have been removed since, it begins anew.
    }
    return pigeon::failure(PIGEON_TIMEOUT, "others kept on allocating and removing until the deadline");
  }
};

}  // namespace creator_optimistic
