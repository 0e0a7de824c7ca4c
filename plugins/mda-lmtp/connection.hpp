// SPDX-License-Identifier: MIT
//
// Bytes to a server and replies from it, each within a deadline.
#pragma once

#include "reply.hpp"
#include "server.hpp"

#include <pigeon/sdk/descriptor.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <string_view>

namespace mda_lmtp {

class Connection {
 public:
  explicit Connection(pigeon::Fd fd) : fd_(std::move(fd)) {}

  pigeon::Done send(std::string_view bytes, pigeon::Deadline deadline);
  pigeon::Result<Reply> reply(pigeon::Deadline deadline);

  // Whether it is open, and the server has said nothing that nobody asked for: a farewell, say.
  [[nodiscard]] bool is_quiet() const;
  // Says what does not matter whether it arrives.
  void say_in_passing(std::string_view bytes) const;

 private:
  pigeon::Fd fd_;
  ReplyReader replies_;
};

}  // namespace mda_lmtp
