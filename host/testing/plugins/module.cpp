// SPDX-License-Identifier: MIT
// PIGEON_LENT_FLAGS is given by the build.
#include "common.hpp"

#include <pigeon/abi/module.h>

namespace {

pigeon_status run(void* instance, const pigeon_run* run, std::uint32_t* outcome,
                  pigeon_error* error) noexcept {
  const auto& lent = lent_by(instance);
  return static_cast<const pigeon_module*>(lent.operations)->run(lent.instance, run, outcome, error);
}

constexpr pigeon_module kOperations = {sizeof(pigeon_module), PIGEON_LENT_FLAGS, run};

}  // namespace

PIGEON_LENT_PLUGIN(PIGEON_KIND_MODULE, {}, kOperations);
