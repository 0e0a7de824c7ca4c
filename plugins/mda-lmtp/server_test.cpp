// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <doctest/doctest.h>

#include <string>

using mda_lmtp::Server;

TEST_CASE("a server is a socket in the file system, or a host and a port") {
  const auto unix_socket = Server::parse("unix:/run/dovecot/lmtp");
  REQUIRE(unix_socket);
  CHECK(unix_socket->path == "/run/dovecot/lmtp");
  const auto name = Server::parse("tcp:mail.example.com:24");
  REQUIRE(name);
  CHECK(name->host == "mail.example.com");
  CHECK(name->port == "24");
  const auto v6 = Server::parse("tcp:[2001:db8::1]:24");
  REQUIRE(v6);
  CHECK(v6->host == "2001:db8::1");
  for (const std::string text : {"unix:/run/dovecot/lmtp", "tcp:mail.example.com:24", "tcp:[2001:db8::1]:24"})
    CHECK(Server::parse(text)->shown() == text);
}

TEST_CASE("what is no server is refused when it is read") {
  for (const std::string& text :
       {std::string(), std::string("/run/lmtp"), std::string("unix:lmtp"), std::string("unix:"),
        "unix:/" + std::string(200, 'x'), std::string("unix:/a\nb"), std::string("tcp:host"),
        std::string("tcp:host:"), std::string("tcp:host:0"), std::string("tcp:host:65536"),
        std::string("tcp:host:lmtp"), std::string("tcp::24"), std::string("tcp:[::1:24"),
        std::string("lmtp:host:24")}) {
    CAPTURE(text);
    const auto parsed = Server::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK_FALSE(parsed.failure().remedy.empty());
  }
}

TEST_CASE("a server that is not there is temporary, and said to be so") {
  for (const std::string text : {"unix:/nonexistent/lmtp", "tcp:127.0.0.1:1"}) {
    const auto reached = Server::parse(text)->connect(pigeon::Deadline::in(std::chrono::seconds(5)));
    REQUIRE_FALSE(reached);
    CHECK(reached.failure().status == PIGEON_UNAVAILABLE);
    CHECK_FALSE(reached.failure().remedy.empty());
  }
}
