// SPDX-License-Identifier: MIT
//
// How the process ends when it cannot end by itself: by a signal, by a crash of its own, or because something
// that it called does not come back. An MTA takes a death by a signal for a reason to return the mail, so
// none of these is one.
#pragma once

#include <pigeon/sdk/time.hpp>

namespace pigeon::host {

// From now on a signal that would end the process, or a crash, ends it with "try again" and one line that
// says so.
void avert_death();

// From now on it ends with this exit status instead, and says nothing: the verdict stands.
void settle_exit(int status);

// It ends at this time, whatever it is waiting for: a log that nobody reads, a file system that is gone.
void end_at(Deadline deadline);

[[noreturn]] void last_resort();

// In a child: signals kill, as everywhere.
void be_mortal();

}  // namespace pigeon::host
