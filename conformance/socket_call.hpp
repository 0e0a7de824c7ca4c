// SPDX-License-Identifier: MIT
//
// Calls of a watched process that talk to another process or host, and how what would come is kept from it.
#pragma once

#include "conformance/system_call.hpp"

#include <sys/types.h>

#include <string>

namespace pigeon::conformance {

// Some libraries read from a socket, and write to it, as from and to a file.
bool receives(pid_t process, const SystemCall& call);
bool sends(pid_t process, const SystemCall& call);

// The kernel drops whatever arrives for the socket of a call, as if the host at its other end, or the net,
// were gone. Says why it cannot; empty: it does.
std::string silence(pid_t process, const SystemCall& call);

}  // namespace pigeon::conformance
