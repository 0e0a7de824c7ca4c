// SPDX-License-Identifier: MIT
#include "common.hpp"

#include <pigeon/abi/creator.h>

namespace {

pigeon_status obtain(void* instance, const pigeon_allocating* allocating, pigeon_error* error) noexcept {
  const auto& lent = lent_by(instance);
  return static_cast<const pigeon_creator*>(lent.operations)->obtain(lent.instance, allocating, error);
}

constexpr pigeon_creator kOperations = {sizeof(pigeon_creator), 0, obtain};

}  // namespace

PIGEON_LENT_PLUGIN(PIGEON_KIND_CREATOR, {}, kOperations);
