// SPDX-License-Identifier: MIT
#include "none.hpp"

#include <pigeon/sdk/creator.hpp>

namespace {

constexpr pigeon::About kAbout = {
    .name = "creator-none",
    .version = PIGEON_PLUGIN_VERSION,
    .summary = "allocates without regard to others; for a single delivering process"};

}  // namespace

PIGEON_CREATOR(creator_none::None, kAbout);
