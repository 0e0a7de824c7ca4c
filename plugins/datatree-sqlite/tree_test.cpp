// SPDX-License-Identifier: MIT
//
// What every datatree promises, on the embedded one and on the fake that other tests use.
#include "tree_fixture.hpp"

#include <pigeon/testing/fake_tree.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>

namespace {

using datatree_sqlite::testing::add;
using datatree_sqlite::testing::apply;
using datatree_sqlite::testing::Embedded;
using datatree_sqlite::testing::fetch;
using datatree_sqlite::testing::path;
using datatree_sqlite::testing::soon;
using pigeon::Applied;
using pigeon::Change;
using pigeon::Deadline;
using pigeon::Precondition;

struct Fake {
  pigeon::testing::FakeTree tree;
};

}  // namespace

#define ALL_TREES Embedded, Fake

TEST_CASE_TEMPLATE("an object is found with all its classes and values", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/d", "mailDomain");
  add(f.tree, "/d/alice", "mailUser");
  REQUIRE(apply(f.tree, "/d/alice",
                {Change::add_class("mda-xAllocation"), Change::set("home", "d/alice"),
                 Change::set("enable", "FALSE"), Change::set("phone", pigeon::Values{"1", "2"})}) ==
          Applied::yes);
  const auto found = fetch(f.tree, "/d/alice");
  REQUIRE(found);
  const auto& alice = found->front();
  CHECK(alice.path == "/d/alice");
  CHECK(alice.objectclass == "mailUser");
  CHECK(alice.has_auxiliary("MDA-XALLOCATION"));
  CHECK(alice.attributes.get("HOME") == "d/alice");
  CHECK(alice.attributes.get("enable") == "FALSE");
  const auto phones = alice.attributes.all("phone");
  CHECK(std::set<std::string>(phones.begin(), phones.end()) == std::set<std::string>{"1", "2"});
  CHECK_FALSE(alice.attributes.has("id"));
}

TEST_CASE_TEMPLATE("not there is said only below a parent that is", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/d", "mailDomain");
  CHECK_FALSE(fetch(f.tree, "/d/alice"));
  CHECK_FALSE(fetch(f.tree, "/other"));
  const auto below_nothing = f.tree.fetch({path("/other/alice"), 0, false, soon()});
  REQUIRE_FALSE(below_nothing);
  CHECK(below_nothing.failure().status == PIGEON_UNAVAILABLE);
}

TEST_CASE_TEMPLATE("names compare as octets", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/d", "mailDomain");
  add(f.tree, "/d/jose", "mailUser");
  add(f.tree, "/d/a%20", "mailUser");
  for (const std::string other : {"/d/josé", "/d/JOSE", "/d/jose%20", "/d/a", "/d/a%20%20", "/d/jos%65x"}) {
    CAPTURE(other);
    CHECK_FALSE(fetch(f.tree, other));
  }
  CHECK(fetch(f.tree, "/d/jose"));
  CHECK(fetch(f.tree, "/d/a%20"));
}

TEST_CASE_TEMPLATE("hostile names are names", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/d", "mailDomain");
  for (const std::string name :
       {"'; DROP TABLE tree; --", "%", "a/b", "\"", "*", "(|(uid=*))", "..", "ünï", "?1"}) {
    CAPTURE(name);
    const auto where = path("/d").child(name).text();
    CHECK_FALSE(fetch(f.tree, where));
    add(f.tree, where, "mailUser");
    const auto found = fetch(f.tree, where);
    REQUIRE(found);
    CHECK(found->front().path == where);
  }
  REQUIRE(fetch(f.tree, "/d", 1));
  CHECK(fetch(f.tree, "/d", 1)->size() == 10);
}

TEST_CASE_TEMPLATE("what is below comes as deep as it was asked for, parents first", Fixture, ALL_TREES) {
  Fixture f;
  for (const std::string where : {"/d", "/d/a", "/d/a/x", "/d/b"}) add(f.tree, where, "mailDomain");
  CHECK(fetch(f.tree, "/d", 0)->size() == 1);
  CHECK(fetch(f.tree, "/d", 1)->size() == 3);
  const auto all = fetch(f.tree, "/d", 9);
  REQUIRE(all->size() == 4);
  std::set<std::string> seen;
  for (const auto& object : *all) {
    CHECK((object.path == "/d" || seen.count(path(object.path).parent().text()) == 1));
    seen.insert(object.path);
  }
}

TEST_CASE_TEMPLATE("pages give every child once, in the same order every time", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/d", "mailDomain");
  for (int i = 0; i < 25; ++i) add(f.tree, "/d/u" + std::to_string(i), "mailUser");
  std::set<std::string> seen;
  std::string after;
  for (std::size_t size = 10; size == 10;) {
    const auto page = f.tree.children({path("/d"), after, 10, soon()});
    REQUIRE(page);
    REQUIRE(*page);
    size = (*page)->size();
    for (const auto& object : **page) {
      after = path(object.path).name();
      CHECK(seen.insert(after).second);
    }
  }
  CHECK(seen.size() == 25);
  const auto nothing = f.tree.children({path("/x"), "", 10, soon()});
  REQUIRE(nothing);
  CHECK_FALSE(*nothing);
}

TEST_CASE_TEMPLATE("an object is created once, below a parent that is there", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/d", "mailDomain");
  CHECK(apply(f.tree, "/d", {Change::create("mailDomain")}) == Applied::conflict);
  CHECK(apply(f.tree, "/x/y", {Change::create("mailDomain")}) == Applied::not_there);
  CHECK(apply(f.tree, "/y", {Change::set("enable", "TRUE")}) == Applied::not_there);
}

TEST_CASE_TEMPLATE("an object with something below it is not removed", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/d", "mailDomain");
  add(f.tree, "/d/alice", "mailUser");
  CHECK(apply(f.tree, "/d", {Change::remove()}) == Applied::conflict);
  CHECK(apply(f.tree, "/d/alice", {Change::remove()}) == Applied::yes);
  CHECK(apply(f.tree, "/d", {Change::remove()}) == Applied::yes);
  CHECK_FALSE(fetch(f.tree, "/d"));
  CHECK(apply(f.tree, "/d", {Change::remove()}) == Applied::not_there);
}

TEST_CASE_TEMPLATE("a class takes its attributes with it", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/u", "mailUser");
  REQUIRE(apply(f.tree, "/u", {Change::add_class("mda-xAllocation"), Change::set("id", "1")}) ==
          Applied::yes);
  REQUIRE(
      apply(f.tree, "/u", {Change::set("id", pigeon::Values{}), Change::remove_class("mda-xallocation")}) ==
      Applied::yes);
  const auto user = fetch(f.tree, "/u")->front();
  CHECK(user.auxiliary.empty());
  CHECK_FALSE(user.attributes.has("id"));
}

TEST_CASE_TEMPLATE("a write whose precondition does not hold changes nothing at all", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/u", "mailUser");
  REQUIRE(apply(f.tree, "/u", {Change::add_class("mda-xAllocation"), Change::set("id", "1")},
                {Precondition::absent("id")}) == Applied::yes);
  CHECK(apply(f.tree, "/u", {Change::set("id", "2")}, {Precondition::absent("id")}) == Applied::conflict);
  CHECK(apply(f.tree, "/u", {Change::set("id", "2")}, {Precondition::equal("id", "3")}) == Applied::conflict);
  CHECK(apply(f.tree, "/u", {Change::set("id", "2")}, {Precondition::object_absent()}) == Applied::conflict);
  CHECK(apply(f.tree, "/u", {Change::set("home", "x"), Change::create("mailUser")}) == Applied::conflict);
  CHECK(fetch(f.tree, "/u")->front().attributes.get("id") == "1");
  CHECK_FALSE(fetch(f.tree, "/u")->front().attributes.has("home"));
  CHECK(apply(f.tree, "/u", {Change::set("id", "2")}, {Precondition::equal("id", "1")}) == Applied::yes);
}

TEST_CASE_TEMPLATE("a lock is a lease with a token, and a write carries it", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/u", "mailUser");
  const auto lease = std::chrono::milliseconds(30);
  const auto first = f.tree.lock(path("/u"), lease, soon());
  REQUIRE(first);
  REQUIRE(*first);
  CHECK(apply(f.tree, "/u", {Change::set("enable", "TRUE")}, {}, **first) == Applied::yes);

  const auto waited_from = pigeon::Clock::now();
  const auto second = f.tree.lock(path("/u"), lease, soon());
  REQUIRE(second);
  REQUIRE(*second);
  CHECK(pigeon::Clock::now() - waited_from >= lease);
  CHECK(**second != **first);
  CHECK(apply(f.tree, "/u", {Change::set("enable", "FALSE")}, {}, **first) == Applied::conflict);
  CHECK(apply(f.tree, "/u", {Change::set("enable", "FALSE")}, {}, **second) == Applied::yes);

  CHECK(*f.tree.unlock(path("/u"), **first, soon()) == Applied::conflict);
  CHECK(*f.tree.unlock(path("/u"), **second, soon()) == Applied::yes);
  CHECK(apply(f.tree, "/u", {Change::set("enable", "TRUE")}, {}, **second) == Applied::conflict);
  const auto free = f.tree.lock(path("/u"), std::chrono::hours(1), soon());
  REQUIRE(free);
  CHECK(*free);
}

TEST_CASE_TEMPLATE("waiting for a lock ends at the deadline", Fixture, ALL_TREES) {
  Fixture f;
  add(f.tree, "/u", "mailUser");
  REQUIRE(f.tree.lock(path("/u"), std::chrono::hours(1), soon()));
  const auto refused =
      f.tree.lock(path("/u"), std::chrono::hours(1), Deadline::in(std::chrono::milliseconds(30)));
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().status == PIGEON_BUSY);
  const auto nothing = f.tree.lock(path("/x"), std::chrono::hours(1), soon());
  REQUIRE(nothing);
  CHECK_FALSE(*nothing);
}
