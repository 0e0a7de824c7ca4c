// SPDX-License-Identifier: MIT
#include "optimistic.hpp"

#include <pigeon/sdk/creator.hpp>

namespace {

constexpr pigeon::About kAbout = {.name = "creator-optimistic",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "allocates on the condition that nobody else has"};

}  // namespace

PIGEON_CREATOR(creator_optimistic::Optimistic, kAbout);
