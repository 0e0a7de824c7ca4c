// SPDX-License-Identifier: MIT
//
// One user of a tree after another, each in a process of its own, as the host has it. What they change are
// two attributes of a domain, in one update.
#pragma once

#include "conformance/share.hpp"
#include "conformance/tracer.hpp"
#include "conformance/trial.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pigeon::conformance {

// What somebody finds who fetches the domain in a fresh process.
struct Seen {
  Answer answer;
  std::string values;  // kOld, kNew, or what was found instead

  [[nodiscard]] std::string shown() const { return answer.is_ok() ? values : answer.shown(); }
};

class TreeRounds {
 public:
  static constexpr const char* kOld = "the old values";
  static constexpr const char* kNew = "the new values";

  explicit TreeRounds(Trial& trial) : trial_(&trial) {}

  // Why there is nothing to be watched; nothing if there is.
  [[nodiscard]] std::string cannot_apply() const;
  // What an administrator does once; and another domain, with the old values. Answers what went wrong.
  std::string begin();
  std::string create(const std::string& domain);

  // For a process that is watched: each answer is said, and its calls count from the first one asked for;
  // with `again`, they count no more after it, and it is asked once more.
  [[nodiscard]] Work changing(std::vector<std::string> domains) const;
  [[nodiscard]] Work changing_again(const std::string& domain) const;
  // As changing_again; and what is there in between is said.
  [[nodiscard]] Work changing_and_looking(const std::string& domain) const;
  [[nodiscard]] Work fetching_again(const std::string& domain) const;
  // As fetching_again, but the first fetch has this long; and how many milliseconds it took is said last.
  [[nodiscard]] Work fetching_within(const std::string& domain, std::chrono::seconds patience) const;

  // Each in a fresh process.
  [[nodiscard]] Answer change(const std::string& domain) const;
  [[nodiscard]] Seen fetch(const std::string& domain) const;
  // What two things said by fetching_again mean.
  static Seen seen(const std::vector<std::string>& said, std::size_t at);

 private:
  [[nodiscard]] Work with_tree(std::function<void(Stage&, Instance&)> body) const;

  Trial* trial_;
};

}  // namespace pigeon::conformance
