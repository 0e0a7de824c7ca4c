// SPDX-License-Identifier: MIT
#include "folder.hpp"

#include <doctest/doctest.h>

#include <string>

using sql_mailbox::folder_name;

TEST_CASE("a folder is called what it was asked for by") {
  CHECK(folder_name("Work/Reports").value_or("?") == "Work/Reports");
  CHECK(folder_name("Entw\xc3\xbcrfe").value_or("?") == "Entw\xc3\xbcrfe");
  CHECK(folder_name("inbox/x").value_or("?") == "inbox/x");
}

TEST_CASE("the main folder has several names") {
  for (const auto* each : {"", "INBOX", "inbox", "Inbox"}) CHECK(folder_name(each).value_or("?").empty());
}

TEST_CASE("what would be no folder is none") {
  for (const std::string& each :
       {std::string("/"), std::string("a//b"), std::string("/a"), std::string("a/"), std::string("a\nb"),
        std::string("a\0b", 3), std::string("\xff"), std::string(501, 'x')}) {
    CAPTURE(each);
    CHECK_FALSE(folder_name(each));
  }
}
