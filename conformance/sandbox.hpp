// SPDX-License-Identifier: MIT
//
// A check in a process of its own: whatever the plugin does there, it is a result. The runner itself never
// loads a plugin.
#pragma once

#include "conformance/check.hpp"

#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace pigeon::conformance {

// One check on one plugin.
struct Order {
  const Check* check = nullptr;
  std::string plugin;  // absolute
  std::string config;  // empty: none
  std::uint64_t seed = 0;
};

struct Outcome {
  enum class Status { passed, failed, skipped, crashed, timed_out };
  Status status = Status::passed;
  Finding finding;
  std::string output;  // what was printed, cut
  double seconds = 0;

  // Whether the plugin broke the promise.
  [[nodiscard]] bool is_bad() const { return status != Status::passed && status != Status::skipped; }
};

// Starts `program` (this one, in general) anew for the check, and waits until it ends or its time is up. Then
// everything that was started with it is dead and reaped, and its directory is gone.
Outcome run_in_sandbox(const Order& order);

// The other side: what the new process does. Answers into the descriptor, and returns its exit status.
int be_sandbox(const Order& order, const std::string& directory, int answer);

// In this process, for a debugger.
Finding run_here(const Order& order, const std::string& directory);

}  // namespace pigeon::conformance
