// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string_view>

TEST_CASE("a reply that has come in is heard, however late it is; one that has not is not waited for") {
  for (const std::string_view said : {"250 2.0.0 saved\r\n", "250-2.0.0 saved\r\n"}) {
    CAPTURE(said);
    std::array<int, 2> ends = {};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    const pigeon::Fd server(ends[0]);
    mda_lmtp::Connection connection{pigeon::Fd(ends[1])};
    REQUIRE(::send(server.get(), said.data(), said.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(said.size()));
    const auto reply = connection.reply(pigeon::Deadline::in(std::chrono::nanoseconds(0)));
    CHECK(bool(reply) == (said[3] == ' '));
    if (!reply) CHECK(reply.failure().status == PIGEON_TIMEOUT);
  }
}
