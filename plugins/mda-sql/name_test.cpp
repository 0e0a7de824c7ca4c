// SPDX-License-Identifier: MIT
#include "name.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using mda_sql::is_table_name;
using mda_sql::table_name;

TEST_CASE("a mailbox is called as its address, and its table so that one can read it") {
  CHECK(mda_sql::mailbox_name({"example.com", "alice"}).operator bool());
  CHECK(*mda_sql::mailbox_name({"example.com", "alice"}) == "alice@example.com");
  CHECK(*mda_sql::mailbox_name({"example.com", ""}) == "@example.com");
  CHECK(table_name("alice@example.com") == "mail_alice_40example_2ecom");
}

TEST_CASE("names that a server would take for the same have tables of their own") {
  std::set<std::string> seen;
  for (const std::string& name :
       {std::string("a@b"), std::string("A@b"), std::string("_61@b"), std::string("a_40b"),
        std::string("a b@c"), std::string("a_20b@c"), std::string("\xc3\xa4@b"), std::string("a\xcc\x88@b"),
        std::string(80, 'x'), std::string(81, 'x'), std::string(79, 'x') + "y", std::string("@b"),
        std::string("'\"`;--@b")}) {
    const auto table = table_name(name);
    CAPTURE(table);
    CHECK(is_table_name(table));
    CHECK(seen.insert(table).second);
  }
}

TEST_CASE("no allocation names a table of something else, or puts more than a name into a statement") {
  for (const std::string& table :
       {std::string("messages"), std::string("mailboxes"), std::string("tree"), std::string("mail_"),
        std::string("mail_A"), std::string("mail_a\"; DROP TABLE x"), std::string("mail_a b"),
        std::string("mail_a.b"), std::string("mail_\xc3\xa4"), "mail_" + std::string(60, 'x'),
        std::string("mail_a\0b", 8)}) {
    CAPTURE(table);
    CHECK_FALSE(is_table_name(table));
    const pigeon::Allocation allocation{.id = "id", .attributes = {{"mailbox", {"a@b"}}, {"table", {table}}}};
    CHECK_FALSE(mda_sql::place_of(allocation, "db"));
  }
}

TEST_CASE("an allocation says by itself which layout it is of") {
  const pigeon::Allocation shared{.id = "id", .attributes = {{"mailbox", {"a@b"}}}};
  const pigeon::Allocation own{.id = "id", .attributes = {{"mailbox", {"a@b"}}, {"table", {"mail_x"}}}};
  REQUIRE(mda_sql::place_of(shared, "db"));
  CHECK(mda_sql::place_of(shared, "db")->messages() == "\"messages\"");
  REQUIRE(mda_sql::place_of(own, "db"));
  CHECK(mda_sql::place_of(own, "db")->messages() == "\"mail_x\"");
}

TEST_CASE("what cannot be the name of a mailbox is refused") {
  for (const std::string& name :
       {std::string("a\nb"), std::string("a\0b", 3), std::string("\xff"), std::string(800, 'x')}) {
    CHECK_FALSE(mda_sql::mailbox_name({"b", name}));
    const pigeon::Allocation allocation{.id = "id", .attributes = {{"mailbox", {name}}}};
    CHECK_FALSE(mda_sql::place_of(allocation, "db"));
  }
  CHECK_FALSE(mda_sql::place_of({.id = "id"}, "db"));
}
