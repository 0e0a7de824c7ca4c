// SPDX-License-Identifier: MIT
//
// A system call of a process that is watched, and what is known of each: whether it changes anything, and how
// it can fail.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace pigeon::conformance {

struct SystemCall {
  static constexpr std::int64_t kNoResult = INT64_MIN;  // the process ended in it

  long number = -1;
  std::array<std::uint64_t, 6> arguments = {};
  std::int64_t result = kNoResult;
  std::uint64_t open_flags = 0;  // of a call that opens a file
  bool receives = false;         // from another process or host
  bool sends = false;            // to one
  std::size_t said = 0;          // how many things the process had said before

  [[nodiscard]] bool failed() const { return result < 0; }
};

// The traits of calls.
constexpr std::uint32_t kChanges = 1U << 0U;   // files, names, or what of them survives
constexpr std::uint32_t kLooks = 1U << 1U;     // at files
constexpr std::uint32_t kOpens = 1U << 2U;     // gives a new descriptor
constexpr std::uint32_t kGrows = 1U << 3U;     // needs space
constexpr std::uint32_t kWaits = 1U << 4U;     // may be interrupted
constexpr std::uint32_t kNames = 1U << 5U;     // may be forbidden
constexpr std::uint32_t kCloses = 1U << 6U;    // a descriptor, even if it fails
constexpr std::uint32_t kTalks = 1U << 7U;     // to another process or host
constexpr std::uint32_t kHides = 1U << 8U;     // moves bytes that cannot be seen in its arguments
constexpr std::uint32_t kProcess = 1U << 9U;   // changes the process, or starts one
constexpr std::uint32_t kFlushes = 1U << 10U;  // makes something durable

// What is known of a call of this number; 0: that it is of no interest here.
std::uint32_t traits_of(long number);
std::string name_of(long number);

// Whether this call, with these arguments, is meant to change a file or a name, or to make it durable.
bool changes_state(const SystemCall& call);
// Whether a disk, a limit or an administrator can make it fail.
bool can_fail(const SystemCall& call);
// The other side of a connection has hung up: the call answers 0, and no error.
constexpr int kHungUp = 0;
// Those of EIO, ENOSPC, EDQUOT, EINTR, EMFILE and EACCES that it may answer; of a connection, that it is
// refused, reset, takes too long, or is hung up.
std::vector<int> errors_of(const SystemCall& call);
// "EIO"
std::string name_of_error(int error);

}  // namespace pigeon::conformance
