// SPDX-License-Identifier: MIT
//
// Files that are not as they were left: a disk that fails, a backup that is half put back, a hand that slips.
#pragma once

#include "conformance/check.hpp"
#include "conformance/trial.hpp"

#include <functional>
#include <string>

namespace pigeon::conformance {

// Damages each file below the trial's directory, in one way after the other, each time from what is there
// now, and looks at what comes of it. damage: "base/stamp cut by one byte". The first finding that is not a
// pass. REQUIRES: nothing of the plugin is open.
Finding after_each_damage(Trial& trial, const std::function<Finding(const std::string& damage)>& look);

}  // namespace pigeon::conformance
