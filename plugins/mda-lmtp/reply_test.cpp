// SPDX-License-Identifier: MIT
#include "reply.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using mda_lmtp::Reply;
using mda_lmtp::ReplyReader;
using pigeon::Dsn;

Reply only(const std::string& bytes) {
  ReplyReader reader;
  reader.add(bytes);
  const auto reply = reader.next();
  REQUIRE(reply);
  REQUIRE(*reply);
  CHECK_FALSE(reader.has_unread());
  return **reply;
}

}  // namespace

TEST_CASE("a reply has a code, a status if it agrees, and its lines") {
  auto reply = only("250 2.1.5 Recipient ok\r\n");
  CHECK(reply.code == 250);
  CHECK(reply.dsn == Dsn{2, 1, 5});
  CHECK(reply.lines == std::vector<std::string>{"Recipient ok"});
  CHECK(reply.is_positive());

  reply = only("250-mail.example.com\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
  CHECK(reply.lines == std::vector<std::string>{"mail.example.com", "PIPELINING", "SIZE 1000"});
  CHECK(reply.dsn == Dsn{});

  CHECK(only("550 no such user\n").dsn == Dsn{});
  CHECK(only("550 5.1.1\r\n").dsn == Dsn{5, 1, 1});
  CHECK(only("550-5.7.1 one\r\n550 5.7.1 two\r\n").dsn == Dsn{5, 7, 1});
  CHECK(only("550 4.1.1 it contradicts itself\r\n").dsn == Dsn{});
  CHECK(only("550 5.1111.1 too long\r\n").dsn == Dsn{});
  CHECK(only("550 5.1 too short\r\n").dsn == Dsn{});
  CHECK(only("550 .. nothing\r\n").dsn == Dsn{});
  CHECK(only("354\r\n").code == 354);
  CHECK(only("250 \r\n").lines == std::vector<std::string>{""});
  CHECK(only("421 4.3.2 bye\r\n").is_farewell());
}

TEST_CASE("replies are put together from pieces of any size") {
  const std::string both = "250-2.0.0 one\r\n250 2.0.0 two\r\n450 4.2.1 busy\r\n";
  for (std::size_t size = 1; size <= both.size(); ++size) {
    CAPTURE(size);
    ReplyReader reader;
    std::vector<unsigned> codes;
    for (std::size_t at = 0; at < both.size(); at += size) {
      reader.add(both.substr(at, size));
      for (;;) {
        const auto reply = reader.next();
        REQUIRE(reply);
        if (!*reply) break;
        codes.push_back((*reply)->code);
      }
    }
    CHECK(codes == std::vector<unsigned>{250, 450});
    CHECK_FALSE(reader.has_unread());
  }
}

TEST_CASE("what is no reply, or does not end, is a failure") {
  const std::string no_end(5000, 'x');
  std::string many;
  for (int line = 0; line < 2000; ++line) many += "250-" + std::string(60, 'x') + "\r\n";
  for (const auto& bytes :
       {std::string("hello\r\n"), std::string("\r\n"), std::string("25\r\n"), std::string("2500 x\r\n"),
        std::string("199 x\r\n"), std::string("600 x\r\n"), std::string("250-one\r\n251 two\r\n"),
        std::string("250_x\r\n"), std::string("\0\0\0\0\r\n", 6), "250 " + no_end, "250-" + no_end + "\r\n",
        many}) {
    CAPTURE(bytes.substr(0, 20));
    ReplyReader reader;
    reader.add(bytes);
    auto reply = reader.next();
    CHECK_FALSE(reply);
    CHECK(reply.failure().status == PIGEON_UNAVAILABLE);
  }
}

TEST_CASE("a reply is shown in one line that is printable and not long") {
  CHECK(only("550-5.1.1 no\r\n550 5.1.1 such user\r\n").shown() == "550 5.1.1 no such user");
  CHECK(only("550 bad\tthing \x1b[31m\xff\r\n").shown() == "550 bad\\x09thing \\x1b[31m\\xff");
  CHECK(only("550 " + std::string(4000, 'a') + "\r\n").shown().size() <= 300);
}
