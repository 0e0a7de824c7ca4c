// SPDX-License-Identifier: MIT
//
// The same work again and again, each time with another of the plugin's allocations failing.
#pragma once

#include "conformance/check.hpp"
#include "conformance/share.hpp"
#include "conformance/tracer.hpp"
#include "conformance/trial.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace pigeon::conformance {

struct Scarcity {
  // What the work of this number needs: another mailbox, or the like. Answers what went wrong.
  std::function<std::string(std::size_t number)> prepare;
  // What is done, in a process of its own. Its first allocation is the first after Stage::begin().
  std::function<Work()> work;
  // What is said of work that came to its end.
  std::function<Finding(const Trace& met, const std::string& done)> judge;
};

// First with all the memory there is; then each allocation fails in turn, or, where they are many, each of a
// sample by the seed, which is printed.
Finding fail_each_allocation(Trial& trial, const Share& share, const Scarcity& scarcity);

}  // namespace pigeon::conformance
