// SPDX-License-Identifier: MIT
//
// A process between the runner and a check. What the check starts, and what makes a session of its own and
// loses its parent, becomes the guardian's child; it kills all of it when the check has ended, when its time
// is up, and when the runner itself is gone.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pigeon::conformance {

// The processes whose parent is this one, or that have become its own as their parent ended.
std::vector<pid_t> own_children();

struct Guarded {
  enum class End { itself, out_of_time, unknown };
  End end = End::unknown;  // unknown: the guardian was killed
  int status = 0;          // as waitpid() has it
};

// Runs this in a process of its own. When this returns, whatever it started is dead and reaped. The directory
// is removed if the runner does not live to do so.
Guarded run_guarded(const std::function<void()>& process, std::chrono::seconds limit,
                    const std::string& directory);

}  // namespace pigeon::conformance
