// SPDX-License-Identifier: MIT
//
// What a plugin has to leave as it was: everything of the process that other plugins and the host share.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pigeon::conformance {

struct ProcessState {
  std::string directory;
  unsigned mask = 0;
  std::string locale;
  std::vector<std::string> environment;
  std::map<int, std::uint64_t> signals;  // the disposition of each, as a number
  std::vector<int> blocked;              // signals
  std::map<int, std::string> descriptors;
  std::vector<int> inheritable;  // descriptors without FD_CLOEXEC, but the standard ones
  int threads = 0;
  std::map<std::string, std::string> limits;  // as /proc has them
  std::map<int, std::string> children;        // the names of the processes that this one has to answer for

  static ProcessState now();
};

// What has changed, in words; empty if nothing has.
std::string difference(const ProcessState& before, const ProcessState& after);

}  // namespace pigeon::conformance
