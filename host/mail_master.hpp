// SPDX-License-Identifier: MIT
//
// mailMaster takes one recipient and runs the modules. Here is decided who is unknown, who is disabled, what
// happens when nobody takes the message, and that nothing changes once somebody has taken it.
#pragma once

#include "host/attempt.hpp"
#include "host/module_run.hpp"
#include "host/verdict.hpp"

namespace pigeon::host {

// REQUIRES: request, address, sender, message and deadline of the attempt are set.
Verdict deliver(Attempt& attempt, Services& services);

}  // namespace pigeon::host
