// SPDX-License-Identifier: MIT
#include "address.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace {

using mda_lmtp::Recipients;
using mda_lmtp::written;
using mda_lmtp::written_address;
using mda_lmtp::written_sender;

}  // namespace

TEST_CASE("an address is written as RFC 5321 has it, or not at all") {
  CHECK(written("alice", "example.com") == "alice@example.com");
  CHECK(written("a.b+c=d/e", "example.com") == "a.b+c=d/e@example.com");
  CHECK(written("a b", "example.com") == "\"a b\"@example.com");
  CHECK(written("a..b", "example.com") == "\"a..b\"@example.com");
  CHECK(written(".a", "example.com") == "\".a\"@example.com");
  CHECK(written("a\"b\\c", "example.com") == "\"a\\\"b\\\\c\"@example.com");
  CHECK(written("a>b", "example.com") == "\"a>b\"@example.com");
  CHECK(written("\xc3\xa4", "example.com") == "\xc3\xa4@example.com");
  using Pair = std::pair<std::string, std::string>;
  for (const auto& each : std::initializer_list<Pair>{{"", "d"},
                                                      {"a", ""},
                                                      {"a\r\nDATA", "d"},
                                                      {"a", "d>\r\nRSET"},
                                                      {"a", "d> SIZE=0"},
                                                      {std::string("a\0b", 3), "d"},
                                                      {"\xff", "d"},
                                                      {std::string(400, 'x'), "d"},
                                                      {"a", std::string(400, 'x')}}) {
    CAPTURE(each.first);
    CHECK_FALSE(written(each.first, each.second));
  }
  CHECK(written_address("a@b@example.com") == "\"a@b\"@example.com");
  CHECK_FALSE(written_address("alice"));
  CHECK(mda_lmtp::with_detail("alice@example.com", "+", "Work/2026") == "alice+Work/2026@example.com");
}

TEST_CASE("a sender is taken as an MTA gives it, quoted or not") {
  CHECK(written_sender("") == "");
  CHECK(written_sender("bob@example.org") == "bob@example.org");
  CHECK(written_sender("\"b o b\"@example.org") == "\"b o b\"@example.org");
  CHECK(written_sender("b o b@example.org") == "\"b o b\"@example.org");
  CHECK(written_sender("root") == "root");
  CHECK(written_sender("b o b") == "\"b o b\"");
  CHECK(written_sender("\"a\"b\"@example.org") == "\"\\\"a\\\"b\\\"\"@example.org");
  CHECK(written_sender("\"a\\\"@example.org") == "\"\\\"a\\\\\\\"\"@example.org");
  CHECK_FALSE(written_sender("a@b c"));
  CHECK_FALSE(written_sender("a@b>"));
  CHECK_FALSE(written_sender("a\n@b"));
  CHECK_FALSE(written_sender("\"a\n\"@b"));
}

TEST_CASE("a template makes an address for each user, and never one for two") {
  const auto usual = Recipients::parse("{user}@{domain}", std::nullopt);
  REQUIRE(usual);
  std::set<std::string> seen;
  const auto names = {"a", "A", "a.b", "a b", "a@b", "\"a b\"", "a\\b", "ab", "a+b", "\xc3\xa4"};
  for (const std::string name : names) {
    for (const std::string domain : {"example.com", "b.example.com"}) {
      const auto address = usual->address_of({.domain = domain, .user = name});
      REQUIRE(address);
      CHECK(seen.insert(*written_address(*address)).second);
    }
  }
  CHECK_FALSE(usual->address_of({.domain = "example.com", .user = "a\nb"}));
  CHECK_FALSE(usual->address_of({.domain = "example.com", .user = ""}));
  CHECK(*Recipients::parse("{user}%{domain}@cyrus.example", std::nullopt)
             ->address_of({.domain = "example.com", .user = "alice"}) == "alice%example.com@cyrus.example");
}

TEST_CASE("a catch-all has an address only if the administrator gave it one, and nobody else has that") {
  const auto both = Recipients::parse("{user}@{domain}", "other@{domain}");
  REQUIRE(both);
  CHECK(*both->address_of({.domain = "example.com", .user = ""}) == "other@example.com");
  CHECK_FALSE(both->address_of({.domain = "example.com", .user = "other"}));
}

TEST_CASE("a template that cannot work is refused when it is read") {
  for (const std::string text :
       {"", "alice@{domain}", "{user}", "{user}@", "{user}@{host}", "{user}@{domain", "{user}@{domain} x",
        "x@{user}", "{user}{domain}@x", "{user}.{domain}@x", "{domain}-{user}@x"}) {
    CAPTURE(text);
    CHECK_FALSE(Recipients::parse(text, std::nullopt));
  }
  for (const std::string text : {"", "x", "{user}@{domain}", "x@{host}"}) {
    CAPTURE(text);
    CHECK_FALSE(Recipients::parse("{user}@{domain}", text));
  }
}
