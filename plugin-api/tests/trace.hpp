// SPDX-License-Identifier: MIT
//
// The system calls that make something durable or visible, in the order in which they were made; and each of
// them failing when a test wants it to. They are this program's own functions, in front of the C library's.
#pragma once

#include <string>
#include <vector>

namespace pigeon::testing {

struct Trace {
  std::vector<std::string> calls;  // "write", "flush file", "flush directory", "link", "rename"
  std::string fails;               // this call fails
  int error = 0;                   // with this errno

  [[nodiscard]] int position(const std::string& call) const;
};

// Since the last `start_trace`.
Trace& trace();
Trace& start_trace(const std::string& fails = {}, int error = 0);

}  // namespace pigeon::testing
