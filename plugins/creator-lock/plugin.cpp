// SPDX-License-Identifier: MIT
#include "lock.hpp"

#include <pigeon/sdk/creator.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kSettings = {
    pigeon::time_of("lease", "how long a holder may be silent before the lock is taken over", "20s"),
};

constexpr pigeon::About kAbout = {.name = "creator-lock",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "allocates under a lock in the tree",
                                  .classes = {},
                                  .settings = kSettings};

}  // namespace

PIGEON_CREATOR(creator_lock::Lock, kAbout);
