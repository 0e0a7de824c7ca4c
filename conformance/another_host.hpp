// SPDX-License-Identifier: MIT
//
// Another host, of which there is only one: a process that sees nothing of what the others of this machine
// share.
#pragma once

#include <pigeon/sdk/time.hpp>

#include <functional>
#include <string>

namespace pigeon::conformance {

// Why this machine lets nobody be another host; empty if it does.
std::string why_no_other_hosts();

// Runs the body in a process that has temporary files, shared memory, a network, a host name and process ids
// of its own, and for whom `directory` is empty. What this process has mapped stays mapped, and memory that
// it shares stays shared. The body's status; -1 if it had none by the deadline.
int run_on_another_host(const std::string& directory, const std::function<int()>& body, Deadline deadline);

}  // namespace pigeon::conformance
