// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <pigeon/sdk/text.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace mda_lmtp {
namespace {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Result;

pigeon::Failure lost(const std::string& how) {
  return pigeon::unavailable("the connection was lost: " + how);
}

pigeon::Failure lost(int error) {
  return lost(pigeon::system_failure("", error).detail.substr(2));
}

}  // namespace

Done Connection::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      PIGEON_TRY(wait_for(fd_, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return lost(errno);
    }
  }
  return {};
}

Result<Reply> Connection::reply(Deadline deadline) {
  bool is_late = false;
  for (;;) {
    if (auto complete = PIGEON_TRY(replies_.next())) return *std::move(complete);
    // A server that trickles must not keep us beyond the deadline, either. A reply that is complete counts.
    if (is_late) return pigeon::failure(PIGEON_TIMEOUT, "the server did not answer in time");
    std::array<char, 4096> bytes = {};
    const auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) {
      replies_.add({bytes.data(), static_cast<std::size_t>(got)});
      is_late = deadline.passed();
    } else if (got == 0) {
      return lost("the server closed it");
    } else if (errno == EAGAIN) {
      PIGEON_TRY(wait_for(fd_, POLLIN, deadline));
    } else if (errno != EINTR) {
      return lost(errno);
    }
  }
}

bool Connection::is_quiet() const {
  pollfd looked = {fd_.get(), POLLIN, 0};
  return !replies_.has_unread() && pigeon::retry([&] { return ::poll(&looked, 1, 0); }) == 0;
}

void Connection::say_in_passing(std::string_view bytes) const {
  static_cast<void>(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace mda_lmtp
