// SPDX-License-Identifier: MIT
#include "folder.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using mda_maildir::folder_directory;
using mda_maildir::folder_name;
using mda_maildir::from_modified_utf7;
using mda_maildir::to_modified_utf7;

TEST_CASE("the main folder has no directory of its own, however it is spelled") {
  for (const auto* name : {"", "INBOX", "inbox", "Inbox"}) CHECK(folder_directory(name) == "");
}

TEST_CASE("levels are separated by slash or dot, below INBOX or not") {
  CHECK(folder_directory("Work") == ".Work");
  CHECK(folder_directory("Work/Reports") == ".Work.Reports");
  CHECK(folder_directory("Work.Reports") == ".Work.Reports");
  CHECK(folder_directory("INBOX/Work") == ".Work");
}

TEST_CASE("what would lead out, or cannot be the name of a folder, is no folder") {
  for (const std::string name :
       {"..", "/", "a//b", "../x", "a/../b", ".hidden", "a/", "\x01", "\xff", "a\nb"}) {
    CAPTURE(name);
    CHECK_FALSE(folder_directory(name));
  }
  CHECK_FALSE(folder_directory(std::string("a\0b", 3)));
  CHECK_FALSE(folder_directory(std::string(300, 'x')));
}

TEST_CASE("other letters are modified UTF-7, as IMAP servers look for them") {
  // The examples of RFC 3501, section 5.1.3.
  CHECK(to_modified_utf7("台北") == "&U,BTFw-");
  CHECK(to_modified_utf7("日本語") == "&ZeVnLIqe-");
  CHECK(to_modified_utf7("a&b") == "a&-b");
  CHECK(to_modified_utf7("Entwürfe") == "Entw&APw-rfe");
  CHECK(to_modified_utf7("😀") == "&2D3eAA-");
  CHECK(folder_directory("Entwürfe") == ".Entw&APw-rfe");
}

TEST_CASE("ill-formed modified UTF-7 is shown as it is") {
  for (const std::string text : {"&", "&A", "&AA-", "&2D0-", "&3gA-", "&%-", "\xc3\xbc"}) {
    CAPTURE(text);
    CHECK_FALSE(from_modified_utf7(text));
    CHECK(folder_name("." + text) == text);
  }
  CHECK(folder_name("") == "INBOX");
  CHECK(folder_name(".Work.&APw-ber") == "Work/über");
}

TEST_CASE("every name comes back as it went in") {
  std::mt19937 random(1);
  const std::string letters[] = {"a", "Z", "&", "-", "ü", "台", "😀", " ", "~", "+", ","};
  for (int round = 0; round < 2000; ++round) {
    std::string name;
    for (std::size_t length = 1 + random() % 12; length > 0; --length)
      name += letters[random() % std::size(letters)];
    CAPTURE(name);
    CHECK(from_modified_utf7(to_modified_utf7(name)) == name);
  }
}
