// SPDX-License-Identifier: MIT
#include "wire_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using mda_lmtp::Forbidden;
using mda_lmtp::WireText;

std::string converted(const std::string& text, Forbidden forbidden = Forbidden::replace,
                      std::size_t piece = std::string::npos) {
  WireText wire(forbidden);
  std::string to;
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size()))
    wire.add(text.substr(at, piece), to);
  wire.end(to);
  return to;
}

// What a server that goes by the book makes of it.
std::string received(const std::string& wire) {
  std::string text;
  for (std::size_t at = 0; at < wire.size();) {
    const auto end = wire.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    REQUIRE(wire.substr(at, end - at) != ".");
    text += wire.substr(wire[at] == '.' ? at + 1 : at, end + 2 - (wire[at] == '.' ? at + 1 : at));
    at = end + 2;
  }
  return text;
}

}  // namespace

TEST_CASE("lines end with CR LF, and the last one ends") {
  CHECK(converted("") == "");
  CHECK(converted("a\nb\n") == "a\r\nb\r\n");
  CHECK(converted("a\r\nb\r\n") == "a\r\nb\r\n");
  CHECK(converted("a\r\nb\nc") == "a\r\nb\r\nc\r\n");
  CHECK(converted("\n\n") == "\r\n\r\n");
  const std::string long_line(5000, 'x');
  CHECK(converted(long_line) == long_line + "\r\n");
}

TEST_CASE("a dot at the beginning of a line is doubled") {
  CHECK(converted(".") == "..\r\n");
  CHECK(converted(".\n..\na.\n.b") == "..\r\n...\r\na.\r\n..b\r\n");
}

TEST_CASE("a CR without LF and a NUL become a blank, or stay") {
  const std::string text("a\rb\r\r\nc\0d\r", 10);
  CHECK(converted(text) == "a b \r\nc d \r\n");
  CHECK(converted(text, Forbidden::keep) == std::string("a\rb\r\r\nc\0d\r\r\n", 12));
  CHECK(converted(std::string("\0", 1)) == " \r\n");
}

TEST_CASE("no text ends the message early, for a server that goes by the book and for ones that do not") {
  const std::vector<std::string> ends = {"\n", "\r\n", "\r", "\r\r\n", "\n\r"};
  for (const auto& before : ends) {
    for (const auto& after : ends) {
      const auto text = "body" + before + "." + after + "MAIL FROM:<evil@example.org>" + after;
      CAPTURE(text);
      for (std::size_t piece = 1; piece < 8; ++piece) {
        const auto wire = converted(text, Forbidden::replace, piece);
        CHECK(wire == converted(text));
        static_cast<void>(received(wire));
        for (const auto& some : ends)
          for (const auto& other : ends) CHECK(wire.find(some + "." + other) == std::string::npos);
        // Whoever keeps what is forbidden relies on a server that goes by the book.
        static_cast<void>(received(converted(text, Forbidden::keep, piece)));
      }
    }
  }
}

TEST_CASE("octets are counted as SIZE counts them, and eight bits are seen") {
  WireText wire(Forbidden::replace);
  std::string to;
  wire.add("..a\n", to);
  wire.add("b", to);
  wire.end(to);
  CHECK(to == "...a\r\nb\r\n");
  CHECK(wire.octets() == 8);
  CHECK_FALSE(wire.has_eight_bits());
  wire.add("\xc3\xa4", to);
  CHECK(wire.has_eight_bits());
}
