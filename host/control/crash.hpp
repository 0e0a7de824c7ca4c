// SPDX-License-Identifier: MIT
//
// What is said when a plugin takes pigeonctl with it: whose fault it is.
#pragma once

namespace pigeon::control {

// From now on a crash ends the process with one line on standard error that names the plugin, and with
// EX_SOFTWARE.
void name_who_crashes();

}  // namespace pigeon::control
