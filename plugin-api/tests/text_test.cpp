// SPDX-License-Identifier: MIT
#include <pigeon/sdk/text.hpp>

#include <doctest/doctest.h>

TEST_CASE("names compare without ASCII case, and nothing else is folded") {
  CHECK(pigeon::same_name("mailUsers", "MAILUSERS"));
  CHECK_FALSE(pigeon::same_name("mailUsers", "mailUser"));
  CHECK_FALSE(pigeon::same_name("\xc3\xa4", "\xc3\x84"));
  CHECK(pigeon::fold("A\xc3\x84Z") == "a\xc3\x84z");
  CHECK_FALSE(pigeon::NameLess()("B", "a"));
  CHECK_FALSE(pigeon::NameLess()("A", "a"));
}

TEST_CASE("a name begins with a letter, and has letters, digits and hyphens, 63 at most") {
  for (const auto* name : {"a", "mailUsers", "mda-maildir", "x1"}) CHECK(pigeon::is_key_string(name));
  for (const auto* name : {"", "1a", "-a", "a_b", "a.b", "a/b", "\xc3\xa4"})
    CHECK_FALSE(pigeon::is_key_string(name));
  CHECK(pigeon::is_key_string(std::string(63, 'a')));
  CHECK_FALSE(pigeon::is_key_string(std::string(64, 'a')));
}

TEST_CASE("UTF-8 is well-formed: no overlong form, no surrogate, nothing beyond U+10FFFF, nothing cut off") {
  for (const auto* text : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(text);
    CHECK(pigeon::is_utf8(text));
  }
  for (const auto* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CHECK_FALSE(pigeon::is_utf8(text));
  }
  CHECK(pigeon::is_utf8(std::string_view("\0", 1)));
}

TEST_CASE("what is shown has no control characters, and nothing that a terminal would obey") {
  CHECK(pigeon::printable("a\nb\x1b[m\x7f") == "a\\x0ab\\x1b[m\\x7f");
  CHECK(pigeon::printable("\xc2\x9bm \xc3\xa4") == "\\xc2\\x9bm \xc3\xa4");
  CHECK(pigeon::printable("\xff\xc3") == "\\xff\\xc3");
  CHECK(pigeon::printable(std::string_view("\0", 1)) == "\\x00");
  // A line separator, an override of the direction and an isolate; what merely looks like them stays.
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that they are is the point
  CHECK(pigeon::printable("a\xe2\x80\xa8"
                          "b\xe2\x80\xae"
                          "c\xe2\x81\xa6") ==
        "a\\xe2\\x80\\xa8"
        "b\\xe2\\x80\\xae"
        "c\\xe2\\x81\\xa6");
  CHECK(pigeon::printable("\xe2\x80\x94 \xe2\x82\xac") == "\xe2\x80\x94 \xe2\x82\xac");
}

TEST_CASE("a word of a shell command stays one word, whatever is in it") {
  CHECK(pigeon::shell_word("alice@example.com") == "alice@example.com");
  CHECK(pigeon::shell_word("") == "''");
  CHECK(pigeon::shell_word("a b;$(c)") == "'a b;$(c)'");
  CHECK(pigeon::shell_word("it's") == "'it'\\''s'");
  CHECK(pigeon::shell_operand("it's") == "'it'\\''s'");
  CHECK(pigeon::shell_operand("-d@example.com") == "-- -d@example.com");
}

TEST_CASE("splitting gives every part, also the empty ones") {
  using Parts = std::vector<std::string_view>;
  CHECK(pigeon::split("a/b", '/') == Parts{"a", "b"});
  CHECK(pigeon::split("/a//", '/') == Parts{"", "a", "", ""});
  CHECK(pigeon::split("", '/') == Parts{""});
}

TEST_CASE("a number is digits and nothing else") {
  CHECK(pigeon::number("0") == 0);
  CHECK(pigeon::number("18446744073709551615") == UINT64_MAX);
  for (const auto* text : {"", " 1", "1 ", "+1", "-1", "1a", "0x1", "18446744073709551616"}) {
    CHECK_FALSE(pigeon::number(text));
  }
}

TEST_CASE("a string of the ABI without data is empty") {
  CHECK(pigeon::view({nullptr, 0}).empty());
  CHECK(pigeon::copy(pigeon_string{nullptr, 0}).empty());
  CHECK(pigeon::copy(pigeon::borrow("a\n")) == "a\n");
}
