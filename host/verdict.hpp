// SPDX-License-Identifier: MIT
//
// How a delivery ended: what the MTA is told, what the sender is told, what the log is told. The exit status
// of a delivery is decided here and nowhere else.
#pragma once

#include "host/log.hpp"

#include <pigeon/sdk/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace pigeon::host {

struct Verdict {
  pigeon_status status = PIGEON_OK;
  Dsn dsn;
  std::string reason;  // for the sender; empty when delivered
  std::string detail;
  std::string remedy;
  Fields facts;  // the delivery id, the modules run, where it was stored: for the log record

  static Verdict delivered() { return {}; }
  // Fills in what the failure left open, and makes what it said agree with its status.
  static Verdict of(const Failure& failure);

  [[nodiscard]] bool is_delivered() const { return status == PIGEON_OK; }
};

// 0, 75, 67, 77 or 65; 75 for whatever is not known.
int exit_status(const Verdict& verdict);

// The one line on standard error: "D.S.N text".
std::string line_for_sender(const Verdict& verdict);

// "delivered", "deferred" or "refused".
std::string_view outcome_of(const Verdict& verdict);

// For the pipe between worker and parent. What comes out of it is believed only if it is whole.
std::string encode(const Verdict& verdict);
std::optional<Verdict> decode(std::string_view bytes);

// How many bytes of `bytes` an encoded verdict takes, once that can be told.
std::optional<std::size_t> encoded_size(std::string_view bytes);

}  // namespace pigeon::host
