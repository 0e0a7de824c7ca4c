// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using sql_server::Server;

TEST_CASE("a server is a host, with a port or without, or the path of a socket") {
  struct Case {
    const char* text;
    const char* host;
    unsigned port;
    const char* shown;
  };
  constexpr std::array kCases = {
      Case{"db.example.com", "db.example.com", 3306, "db.example.com:3306"},
      Case{"192.0.2.1:3307", "192.0.2.1", 3307, "192.0.2.1:3307"},
      Case{"[2001:db8::1]", "2001:db8::1", 3306, "[2001:db8::1]:3306"},
      Case{"[::1]:1", "::1", 1, "[::1]:1"},
      Case{"db:65535", "db", 65535, "db:65535"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.text);
    const auto server = Server::parse(each.text);
    REQUIRE(server);
    CHECK(server->host == each.host);
    CHECK(server->port == each.port);
    CHECK(server->socket.empty());
    CHECK(server->shown() == each.shown);
  }
  const auto socket = Server::parse("/run/mysqld/mysqld.sock");
  REQUIRE(socket);
  CHECK(socket->socket == "/run/mysqld/mysqld.sock");
  CHECK(socket->host.empty());
  CHECK(socket->shown() == "/run/mysqld/mysqld.sock");
}

TEST_CASE("what is no server is refused, with what to write instead") {
  for (const std::string text : {"", ":3306", "db:", "db:0", "db:65536", "db:3306x", "db:-1", "db: 1", "::1",
                                 "[::1", "[::1]x", "[]", "a\nb"}) {
    CAPTURE(text);
    const auto server = Server::parse(text);
    REQUIRE_FALSE(server);
    CHECK(server.failure().status == PIGEON_MISCONFIGURED);
    CHECK(server.failure().remedy.find("HOST:PORT") != std::string::npos);
  }
}
