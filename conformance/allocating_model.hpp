// SPDX-License-Identifier: MIT
//
// A principal's place in a tree, in memory that processes share, and the host's operations on it, played to a
// creator: with every answer that a host may get.
#pragma once

#include "conformance/other_process.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/creator.h>
#include <pigeon/sdk/creator.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pigeon::conformance {

// What all see. A number is an allocation's id, or a lock's token; 0: none.
struct Principality {
  std::atomic_flag busy;  // held while the rest is looked at or changed
  std::uint64_t allocation = 0;
  std::uint64_t lock = 0;
  std::uint64_t last = 0;  // number given out
  int commits = 0;         // that wrote
};

// One host's view: what one creator is given.
class Allocator {
 public:
  Allocator(Principality& shared, Deadline deadline) : shared_(&shared), deadline_(deadline) {}

  // Calls the creator. What it answered.
  pigeon_status obtain(const Instance& instance);

  // The calls, in order: "lock", "read", ...
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
  [[nodiscard]] int count(const std::string& call) const;
  [[nodiscard]] std::string shown_calls() const;
  // Whether what was said of the allocation is in the tree: the host "has" it.
  [[nodiscard]] bool has_allocation() const { return known_ != 0 && known_ == shared_->allocation; }
  [[nodiscard]] bool keeps_lock() const { return token_ != 0; }
  // It commits without asking and without a lock: no promise under races.
  [[nodiscard]] bool commits_blindly() const { return blind_; }
  // A rule of the header that was broken; empty if none.
  [[nodiscard]] const std::string& broken_rule() const { return broken_; }
  [[nodiscard]] const Failure& failure() const { return failure_; }

  // Answers the call of this name with this status, doing nothing; each time, or once.
  void fail(const std::string& call, pigeon_status status, bool once = false);
  // Runs before each call is done: what others do meanwhile.
  std::function<void(const std::string& call)> meanwhile;

 private:
  pigeon_status do_call(const char* name, pigeon_error* error, const std::function<pigeon_status()>& body);
  pigeon_status read();
  pigeon_status propose();
  pigeon_status commit(std::uint32_t condition);
  pigeon_status lock(std::uint64_t lease);
  pigeon_status unlock();
  void note_broken(const std::string& rule);

  Principality* shared_;
  Deadline deadline_;
  std::vector<std::string> calls_;
  std::uint64_t known_ = 0;
  std::uint64_t proposed_ = 0;
  std::uint64_t token_ = 0;
  bool blind_ = false;
  std::string broken_;
  Failure failure_;
  std::string failing_;
  pigeon_status with_ = PIGEON_OK;
  bool once_ = false;
};

// Others, at work on the same principal.
void allocate_elsewhere(Principality& shared);
void overtake_lock(Principality& shared);

}  // namespace pigeon::conformance
