// SPDX-License-Identifier: MIT
//
// What is printed about outcomes: lines for people as they come, JSON and JUnit for programs at the end.
#pragma once

#include "conformance/sandbox.hpp"

#include <string>
#include <utility>
#include <vector>

namespace pigeon::conformance {

using Outcomes = std::vector<std::pair<Order, Outcome>>;

struct Count {
  int passed = 0;
  int failed = 0;  // musts
  int warned = 0;  // shoulds
  int skipped = 0;

  [[nodiscard]] bool nothing_tested() const { return passed + failed + warned == 0; }
};
Count count(const Outcomes& outcomes);

class Report {
 public:
  Report();
  // Before and after a check. On a terminal, what runs now is shown until its outcome is there.
  void starting(const Order& order, std::size_t index, std::size_t total) const;
  // As `starting`, in words; and the end of it.
  void working_on(const std::string& what) const;
  void clear_line() const;
  void outcome(const Order& order, const Outcome& outcome) const;
  void summary(const Count& count, const std::string& plugin) const;
  // Of the colour of what is as it should be, or is not; on a terminal.
  [[nodiscard]] std::string as_good(const std::string& word) const;
  [[nodiscard]] std::string as_bad(const std::string& word) const;

 private:
  [[nodiscard]] std::string coloured(const std::string& text, int colour) const;
  bool is_terminal_;
};

std::string as_json(const Outcomes& outcomes);
std::string as_junit(const Outcomes& outcomes);

// "passed", "FAILED", ...
std::string_view word_for(const Order& order, const Outcome& outcome);

}  // namespace pigeon::conformance
