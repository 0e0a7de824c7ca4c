// SPDX-License-Identifier: MIT
//
// Whether a failure is told as pigeon/abi/status.h says.
#pragma once

#include <pigeon/abi/status.h>

#include <string>

namespace pigeon::conformance {

// Temporary, permanent (and then one of those that the header lists), or a bug.
bool is_failure(pigeon_status status);
bool is_permanent(pigeon_status status);
// "0x1001"
std::string shown(pigeon_status status);

// What is wrong with the status and the texts of a call that failed; empty if nothing is. `place` must not
// be told to the sender.
std::string wrong_with(pigeon_status status, const pigeon_error& error, const std::string& place);

}  // namespace pigeon::conformance
