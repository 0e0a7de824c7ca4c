// SPDX-License-Identifier: MIT
//
// creator-none: writes the allocation without asking. One host and one process at a time, or two of them may each
// give a new user a mailbox and one of the two is then forgotten.
#include <pigeon/sdk/creator.hpp>

#include <memory>

namespace {

class None {
 public:
  static pigeon::Result<std::unique_ptr<None>> open(pigeon::Host /*host*/, const pigeon::Settings& /*settings*/) {
    return std::make_unique<None>();
  }

  pigeon::Done obtain(pigeon::Allocating& allocating) {
    PIGEON_TRY(allocating.propose());
    if (PIGEON_TRY(allocating.commit(pigeon::Condition::always))) return {};
    return pigeon::temporary("the allocation could not be written");
  }
};

constexpr pigeon::About kAbout = {.name = "creator-none",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "allocates without regard to others; for a single delivering process"};

}  // namespace

PIGEON_CREATOR(None, kAbout);
