// SPDX-License-Identifier: MIT
//
// The host, as one module sees it during one delivery: what it is given, what it asks for, and what it gets
// when a service fails.
#pragma once

#include "conformance/lent_memory.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/module.h>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pigeon::conformance {

// One delivery to alice@example.com, whose domain has mailUsers, mailStore and the module's own object. A
// module that finds users has no principal yet, and is asked to find her.
struct Scene {
  std::string message = "From: bob@example.org\nSubject: a message\n\nHello.\n";
  std::string sender = "bob@example.org";
  std::string user = "alice";
  std::string detail = {};
  std::string folder = {};
  bool is_dry = false;
  Deadline deadline = Deadline::in(std::chrono::seconds(10));
  // A service that fails, from this call of it on.
  std::string failing = {};
  int from_call = 1;
  pigeon_status failure = PIGEON_OK;
};

class ModuleHost {
 public:
  struct Call {
    std::string service;  // "store", or the like
    std::string with;
    pigeon_status answer = PIGEON_OK;
  };
  // What came of it.
  struct Answer {
    pigeon_status status = PIGEON_BUG;
    std::uint32_t outcome = 0;
    pigeon_error error = blank_error();
    std::vector<Call> calls = {};
    std::vector<std::string> explained = {};
    Clock::duration late = {};  // how long after the deadline it was there

    [[nodiscard]] bool is_taken() const {
      return status == PIGEON_OK && (outcome == PIGEON_OUTCOME_TAKEN || outcome == PIGEON_OUTCOME_DONE);
    }
    [[nodiscard]] int count(const std::string& service) const;
    // "store(mda-x, ); status 0x0000, outcome 1"
    [[nodiscard]] std::string told() const;
  };

  ModuleHost(const Trial& trial, const pigeon_plugin& plugin);
  [[nodiscard]] bool finds_user() const { return (flags_ & PIGEON_MODULE_FINDS_USER) != 0; }
  [[nodiscard]] bool takes() const { return (flags_ & PIGEON_MODULE_TAKES) != 0; }

  // Whatever was lent for it is taken back before this returns.
  Answer run(const Instance& instance, const Scene& scene);

 private:
  struct Delivery;

  std::uint32_t flags_;
  Object object_;
  Slice domain_;
  Slice alice_;
  std::vector<std::string> order_;
  // Of the delivery before: nobody else gets its addresses while it may still be remembered.
  std::vector<std::unique_ptr<LentMemory>> lent_;
};

}  // namespace pigeon::conformance
