// SPDX-License-Identifier: MIT
#include "parts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

struct Lent {
  Lent(std::vector<std::string> prefix, std::string body) : texts(std::move(prefix)), text(std::move(body)) {
    for (const auto& each : texts) segments.push_back(pigeon::borrow(each));
    message = {sizeof message, 0, segments.data(), segments.size(), pigeon::borrow(text)};
  }
  [[nodiscard]] pigeon::Message get() const { return pigeon::Message(message); }

  std::vector<std::string> texts;
  std::string text;
  std::vector<pigeon_string> segments;
  pigeon_message message = {};
};

std::vector<std::string> parts_of(const Lent& lent, std::size_t largest) {
  std::vector<std::string> found;
  sql_mailbox::Parts parts(lent.get(), largest);
  while (const auto part = parts.next()) found.emplace_back(*part);
  return found;
}

}  // namespace

TEST_CASE("a message is cut into parts of one length, wherever its segments end") {
  const std::string body("0123\0\xff 789", 10);
  const std::vector<std::vector<std::string>> prefixes = {{}, {"ab"}, {"a", "", "bcd"}, {"abcdefghij"}, {""}};
  for (const auto& prefix : prefixes) {
    const Lent lent(prefix, body);
    std::string whole;
    for (const auto& each : prefix) whole += each;
    whole += body;
    for (std::size_t largest = 1; largest <= whole.size() + 1; ++largest) {
      const auto parts = parts_of(lent, largest);
      std::string joined;
      for (const auto& each : parts) joined += each;
      CAPTURE(largest);
      CHECK(joined == whole);
      CHECK(parts.size() == (whole.size() + largest - 1) / largest);
    }
  }
}

TEST_CASE("an empty message is one empty part") {
  CHECK(parts_of(Lent({}, ""), 5) == std::vector<std::string>{""});
  CHECK(parts_of(Lent({""}, ""), 5) == std::vector<std::string>{""});
}

TEST_CASE("the size on the wire counts a CR for every line that has none") {
  CHECK(sql_mailbox::wire_size(Lent({}, "").get()) == 0);
  CHECK(sql_mailbox::wire_size(Lent({}, "a\nb").get()) == 4);
  CHECK(sql_mailbox::wire_size(Lent({}, "a\r\nb\n").get()) == 6);
  CHECK(sql_mailbox::wire_size(Lent({"a\r"}, "\n\n").get()) == 5);
  CHECK(sql_mailbox::wire_size(Lent({}, "\r\r\n").get()) == 3);
  for (std::size_t before = 0; before < 200; ++before) {
    const std::string text(before, 'x');
    CHECK(sql_mailbox::wire_size(Lent({text}, "\n\r\n" + text + "\n").get()) == 2 * before + 6);
    CHECK(sql_mailbox::wire_size(Lent({}, text + std::string(300, '\n')).get()) == before + 600);
  }
}
