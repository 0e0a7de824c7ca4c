// SPDX-License-Identifier: MIT
//
// A check that tries the same work at many points, spread over the processors: each worker has a process and
// a directory of its own, and takes every so many-th point.
#pragma once

#include "conformance/check.hpp"
#include "conformance/tracer.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/status.h>
#include <pigeon/sdk/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace pigeon::conformance {

struct Share {
  std::size_t index = 0;
  std::size_t of = 1;

  [[nodiscard]] bool takes(std::size_t number) const { return number % of == index; }
};

// Runs the body once for each worker, and finds what the first of them found that did not pass.
Finding share_out(Trial& trial, Finding (*body)(Trial& trial, const Share& share));

// What a call of a plugin answered, on its way to another process.
struct Answer {
  pigeon_status status = PIGEON_BUG;
  std::string detail;

  Answer() = default;
  Answer(pigeon_status is, std::string text) : status(is), detail(std::move(text)) {}
  explicit Answer(const Failure& failure) : status(failure.status), detail(failure.detail) {}
  explicit Answer(const Done& done) : Answer(done ? Answer(PIGEON_OK, "") : Answer(done.failure())) {}

  [[nodiscard]] bool is_ok() const { return status == PIGEON_OK; }
  // Trouble on our side: what a disk that fails must be to a sender.
  [[nodiscard]] bool is_temporary() const { return PIGEON_STATUS_RANGE(status) == PIGEON_TEMPORARY; }
  // For people.
  [[nodiscard]] std::string shown() const;

  [[nodiscard]] std::string text() const { return std::to_string(status) + " " + detail; }
  static Answer parse(const std::string& text);
};

// "renameat, its 7th of 40 calls": for people.
std::string shown_call(const Trace& trace, std::size_t at);

}  // namespace pigeon::conformance
