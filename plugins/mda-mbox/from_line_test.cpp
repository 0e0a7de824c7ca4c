// SPDX-License-Identifier: MIT
#include "from_line.hpp"

#include <doctest/doctest.h>

#include <string>

using mda_mbox::from_line;
using mda_mbox::time_of_from_line;

namespace {
constexpr std::int64_t kThen = 1'000'000'000;  // Sun Sep  9 01:46:40 2001 UTC
}

TEST_CASE("the line says who sent the message, and when it came, in UTC") {
  CHECK(from_line("bob@example.org", kThen) == "From bob@example.org Sun Sep  9 01:46:40 2001\n");
  CHECK(from_line("", 0) == "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n");
}

TEST_CASE("whatever a sender is called, he is one word of printable ASCII") {
  CHECK(from_line("\"a b\"@x", kThen) == "From \"a=20b\"@x Sun Sep  9 01:46:40 2001\n");
  CHECK(from_line("a\nFrom b@x", kThen).find('\n') == from_line("a\nFrom b@x", kThen).size() - 1);
  CHECK(from_line("\xc3\xa4@x", kThen) == "From =C3=A4@x Sun Sep  9 01:46:40 2001\n");
  const auto longest = from_line(std::string(100'000, '\xff'), kThen);
  CHECK(longest.size() < mda_mbox::kLongestFromLine);
  CHECK(time_of_from_line(longest) == kThen);
}

TEST_CASE("a time that no calendar has still makes a line") {
  for (const std::int64_t time : {INT64_MIN, INT64_MAX, std::int64_t{-1}, std::int64_t{-62'135'596'800}}) {
    CAPTURE(time);
    CHECK(time_of_from_line(from_line("a", time)));
  }
}

TEST_CASE("the lines of other programs are understood") {
  for (const std::string line :
       {"From bob@example.org Sun Sep  9 01:46:40 2001\n", "From bob Sun Sep 9 01:46:40 2001",
        "From bob Sun Sep  9 01:46:40 GMT 2001\n", "From bob Sun Sep  9 03:46:40 2001 +0200\r\n",
        "From bob Sat Sep  8 21:46:40 EDT -0400 2001", "From bob Sun Sep  9 01:46:40 2001 remote from x\n",
        "From \"a b\"@x Sun Sep  9 01:46:40 2001\n", "From Sun Sep  9 01:46:40 2001\n"}) {
    CAPTURE(line);
    CHECK(time_of_from_line(line) == kThen);
  }
  CHECK(time_of_from_line("From bob Sun Sep  9 01:46 2001\n") == kThen - 40);
}

TEST_CASE("a line of a text is not taken for one") {
  for (const std::string line : {"From the beginning", "From ", "From", "from bob Sun Sep  9 01:46:40 2001",
                                 ">From bob Sun Sep  9 01:46:40 2001", "From bob Sun Sep 99 01:46:40 2001",
                                 "From bob Sun Sep  9 25:46:40 2001", "From bob Son Sep  9 01:46:40 2001",
                                 "From bob Sun Sep  9 01:46:40", "From bob Sun Sep  9 01:46:40 201",
                                 "From:bob Sun Sep  9 01:46:40 2001"}) {
    CAPTURE(line);
    CHECK_FALSE(time_of_from_line(line));
  }
  CHECK_FALSE(time_of_from_line("From " + std::string(2000, 'a') + " Sun Sep  9 01:46:40 2001"));
}
