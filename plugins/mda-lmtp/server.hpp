// SPDX-License-Identifier: MIT
//
// Where a server listens, as the administrator writes it, and the way there.
#pragma once

#include <pigeon/sdk/descriptor.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <string>
#include <string_view>

namespace mda_lmtp {

struct Server {
  std::string path;  // of a socket: then there is no host
  std::string host;
  std::string port;

  // "unix:/run/dovecot/lmtp", "tcp:mail.example.com:24", "tcp:[2001:db8::1]:24".
  static pigeon::Result<Server> parse(std::string_view text);
  [[nodiscard]] std::string shown() const;

  // A connection that does not block, to the first of its addresses that takes one.
  [[nodiscard]] pigeon::Result<pigeon::Fd> connect(pigeon::Deadline deadline) const;
};

// Waits until one of `events` (POLLIN, POLLOUT) can be done without waiting. The failure says "in time".
pigeon::Done wait_for(const pigeon::Fd& fd, short events, pigeon::Deadline deadline);

}  // namespace mda_lmtp
