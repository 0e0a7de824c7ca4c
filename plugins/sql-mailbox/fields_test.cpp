// SPDX-License-Identifier: MIT
#include "fields.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

std::string shown(std::string_view text) {
  std::string all;
  for (const auto& [name, value] : sql_mailbox::fields_of(text)) all += name + "=" + value + ";";
  return all;
}

}  // namespace

TEST_CASE("common fields of the header are found, whatever case and line ends they have") {
  CHECK(shown("From: a\nX-Other: b\nSUBJECT:  c \r\n\r\nTo: body\n") == "from=a;subject=c;");
  CHECK(shown("Subject: one\n two\n\tthree\nTo : x\n\n") == "subject=one two three;to=x;");
}

TEST_CASE("what is not well-formed is not found, and in nobody's way") {
  CHECK(shown("").empty());
  CHECK(shown("\nFrom: a\n").empty());
  CHECK(shown(" continued\nno colon\n: nothing\nFrom: a\n\n") == "from=a;");
  CHECK(shown("Subject: cut in the mid").empty());
  CHECK(shown("From: a\nSubject: b\n may go on") == "from=a;");
  CHECK(shown(std::string("Subject: a\0b\xff\n\n", 15)) == std::string("subject=a\0b\xff;", 13));
}

TEST_CASE("what is too long or too much is not found") {
  CHECK(shown("Subject: " + std::string(998, 'x') + "\n\n").size() == 998 + 9);
  CHECK(shown("Subject: " + std::string(999, 'x') + "\nFrom: a\n\n") == "from=a;");
  std::string many;
  for (int each = 0; each < 100; ++each) many += "To: a\n";
  CHECK(sql_mailbox::fields_of(many + "\n").size() == sql_mailbox::kMostFields);
}
