// SPDX-License-Identifier: MIT
//
// What is particular to a tree in a file.
#include "database.hpp"
#include "tree_fixture.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

using datatree_sqlite::testing::add;
using datatree_sqlite::testing::apply;
using datatree_sqlite::testing::Embedded;
using datatree_sqlite::testing::fetch;
using datatree_sqlite::testing::kSchema;
using datatree_sqlite::testing::path;
using datatree_sqlite::testing::soon;
using pigeon::Applied;
using pigeon::Change;
using pigeon::Precondition;
using pigeon::testing::TemporaryDirectory;

}  // namespace

TEST_CASE("setting up again adds what is new and drops nothing") {
  Embedded f;
  add(f.tree, "/u", "mailUser");
  REQUIRE(apply(f.tree, "/u", {Change::set("enable", "FALSE")}) == Applied::yes);
  static constexpr std::array kMore = {pigeon::text_of("enable", ""), pigeon::text_of("colour", "")};
  static constexpr pigeon_class kWider = pigeon::structural("mailUser", "", kMore);
  static constexpr pigeon_class kNew = pigeon::auxiliary("mda-new", "", kMore);
  static constexpr std::array kExtended = {&pigeon::tree::kRootClass, &kWider, &kNew};
  REQUIRE(f.tree.initialize({sizeof(pigeon_schema), 0, kExtended.data(), kExtended.size()}, soon()));
  datatree_sqlite::Tree again(f.directory / "tree.db", std::chrono::milliseconds(200));
  CHECK(fetch(again, "/u")->front().attributes.get("enable") == "FALSE");
  CHECK(apply(again, "/u", {Change::set("colour", "red")}) == Applied::yes);
  CHECK(apply(again, "/u", {Change::set("phone", "1")}) == Applied::yes);
}

TEST_CASE("an attribute that changed its kind is refused, with what to do") {
  Embedded f;
  static constexpr std::array kOther = {pigeon::text_of("phone", "")};
  static constexpr pigeon_class kChanged = pigeon::structural("mailUser", "", kOther);
  static constexpr std::array kSchemas = {&pigeon::tree::kRootClass, &kChanged};
  const auto refused =
      f.tree.initialize({sizeof(pigeon_schema), 0, kSchemas.data(), kSchemas.size()}, soon());
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().remedy.find("export") != std::string::npos);
}

TEST_CASE("the file and its directory are for nobody else") {
  Embedded f;
  struct stat status = {};
  REQUIRE(::stat((f.directory / "tree.db").c_str(), &status) == 0);
  CHECK((status.st_mode & 0077U) == 0);
  const TemporaryDirectory other;
  datatree_sqlite::Tree tree(other / "new/tree.db", std::chrono::milliseconds(200));
  REQUIRE(tree.initialize(kSchema, soon()));
  REQUIRE(::stat((other / "new").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700);
}

TEST_CASE("whatever is wrong with the file, nobody is said not to be there") {
  const auto expect_unknown = [](Embedded& f, pigeon_status wanted) {
    datatree_sqlite::Tree tree(f.directory / "tree.db", std::chrono::milliseconds(100));
    const auto found = tree.fetch({path("/nobody"), 0, false, soon()});
    REQUIRE_FALSE(found);
    CHECK(found.failure().status == wanted);
    CHECK_FALSE(found.failure().remedy.empty());
  };
  SUBCASE("missing") {
    Embedded f;
    fs::remove(f.directory / "tree.db");
    expect_unknown(f, PIGEON_MISCONFIGURED);
    CHECK_FALSE(fs::exists(f.directory / "tree.db"));
  }
  SUBCASE("empty") {
    Embedded f;
    f.directory.write("tree.db", "");
    expect_unknown(f, PIGEON_UNAVAILABLE);
  }
  SUBCASE("full of nonsense") {
    Embedded f;
    f.directory.write("tree.db", std::string(20'000, 'x'));
    expect_unknown(f, PIGEON_UNAVAILABLE);
  }
  SUBCASE("truncated") {
    Embedded f;
    for (const auto* name : {"tree.db-wal", "tree.db-shm"}) fs::remove(f.directory / name);
    fs::resize_file(f.directory / "tree.db", 4096);
    expect_unknown(f, PIGEON_UNAVAILABLE);
  }
  SUBCASE("a database of something else") {
    Embedded f;
    for (const auto* name : {"tree.db", "tree.db-wal", "tree.db-shm"}) fs::remove(f.directory / name);
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open((f.directory / "tree.db").c_str(), &other) == SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE tree (x)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    expect_unknown(f, PIGEON_UNAVAILABLE);
    CHECK_FALSE(f.tree.initialize(kSchema, soon()));
  }
  SUBCASE("without its root") {
    Embedded f;
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open((f.directory / "tree.db").c_str(), &other) == SQLITE_OK);
    constexpr const char* kRemove = "DELETE FROM tree WHERE name = (SELECT id FROM strings WHERE value = '')";
    REQUIRE(sqlite3_exec(other, kRemove, nullptr, nullptr, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_changes(other) == 1);
    sqlite3_close(other);
    expect_unknown(f, PIGEON_UNAVAILABLE);
  }
  SUBCASE("a link") {
    Embedded f;
    fs::rename(f.directory / "tree.db", f.directory / "real.db");
    fs::create_symlink("real.db", f.directory / "tree.db");
    expect_unknown(f, PIGEON_MISCONFIGURED);
  }
  SUBCASE("read-only") {
    Embedded f;
    REQUIRE(::chmod((f.directory / "tree.db").c_str(), 0400) == 0);
    expect_unknown(f, PIGEON_MISCONFIGURED);
  }
  SUBCASE("writable by others") {
    Embedded f;
    REQUIRE(::chmod((f.directory / "tree.db").c_str(), 0666) == 0);
    expect_unknown(f, PIGEON_MISCONFIGURED);
  }
  SUBCASE("in a directory that others may write to") {
    Embedded f;
    REQUIRE(::chmod(f.directory.path().c_str(), 0777) == 0);
    expect_unknown(f, PIGEON_MISCONFIGURED);
  }
}

TEST_CASE("a tree that could not be written once is written when it can be again") {
  const TemporaryDirectory directory;
  const auto index = directory / "tree.db-shm";
  const auto tree_of_its_own = [&] {
    return datatree_sqlite::Tree(directory / "tree.db", std::chrono::milliseconds(200));
  };
  {
    // Closed before the other opens it: connections of one process share the index as it was opened first.
    auto first = tree_of_its_own();
    REQUIRE(first.initialize(kSchema, soon()));
    add(first, "/example.com", "mailDomain");
  }
  // For root, nothing is forbidden; then this only writes twice.
  auto tree = tree_of_its_own();
  REQUIRE(::chmod(index.c_str(), 0400) == 0);
  const auto refused = tree.apply({path("/example.com"), {Change::set("enable", "FALSE")}, {}, {}, soon()});
  CHECK(static_cast<bool>(refused) == (::geteuid() == 0));
  REQUIRE(::chmod(index.c_str(), 0600) == 0);
  CHECK(apply(tree, "/example.com", {Change::set("enable", "FALSE")}) == Applied::yes);
}

TEST_CASE("a class in the file that cannot be one is damage, and never part of a query") {
  Embedded f;
  add(f.tree, "/d", "mailDomain");
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open((f.directory / "tree.db").c_str(), &other) == SQLITE_OK);
  // With this as the name of a table, the query would be another one, and answer.
  constexpr const char* kForge =
      R"(UPDATE strings SET value = 'maildomain" WHERE 1 OR object_id = ?1 -- ' WHERE value = 'mailDomain')";
  REQUIRE(sqlite3_exec(other, kForge, nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_changes(other) == 1);
  sqlite3_close(other);
  for (const auto* each : {"/d", "/"}) {
    const auto found = f.tree.fetch({path(each), 1, false, soon()});
    REQUIRE_FALSE(found);
    CHECK(found.failure().status == PIGEON_UNAVAILABLE);
    CHECK(found.failure().detail.find("one that is none") != std::string::npos);
  }
}

TEST_CASE("a tree that is locked is busy, and works again afterwards") {
  Embedded f;
  add(f.tree, "/u", "mailUser");
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open((f.directory / "tree.db").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto refused =
      f.tree.apply({.path = path("/u"), .changes = {Change::set("enable", "TRUE")}, .deadline = soon()});
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().status == PIGEON_BUSY);
  CHECK(fetch(f.tree, "/u"));
  sqlite3_close(other);
  CHECK(apply(f.tree, "/u", {Change::set("enable", "TRUE")}) == Applied::yes);
}

TEST_CASE("a transaction that was not left does not stand in the way of the next one") {
  Embedded f;
  auto database = datatree_sqlite::Database::open(f.directory / "tree.db");
  REQUIRE(database);
  REQUIRE((*database)->execute("BEGIN IMMEDIATE"));
  auto next = sql_tree::Transaction::begin(**database, sql_tree::Transaction::For::writing);
  REQUIRE(next);
  CHECK(next->commit());
}

TEST_CASE("a value for which there is no memory is not taken for another one") {
  Embedded f;
  auto database = datatree_sqlite::Database::open(f.directory / "tree.db");
  REQUIRE(database);
  auto statement = (*database)->prepare("SELECT ?");
  REQUIRE(statement);
  // SQLite is told of more than it takes: as without memory, nothing is bound.
  const std::string_view beyond("x", std::size_t{1} << 40U);
  CHECK_THROWS_AS((*statement)->bind(0, beyond), std::bad_alloc);
}

TEST_CASE("many who create the same thing at once: one does") {
  Embedded f;
  add(f.tree, "/u", "mailUser");
  std::vector<std::thread> threads;
  std::atomic<int> winners = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      datatree_sqlite::Tree own(f.directory / "tree.db", std::chrono::seconds(10));
      const auto applied =
          own.apply({.path = path("/u"),
                     .changes = {Change::add_class("mda-xAllocation"), Change::set("id", std::to_string(i))},
                     .preconditions = {Precondition::absent("id")},
                     .deadline = soon()});
      if (applied && *applied == Applied::yes) ++winners;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(winners == 1);
}

TEST_CASE("many updates at once are all made, or none") {
  Embedded f;
  std::vector<pigeon::Update> updates;
  for (const std::string where : {"/d", "/d/a", "/d/b", "/d/a"}) {
    updates.push_back({.path = path(where), .changes = {Change::create("mailUser")}, .deadline = soon()});
  }
  std::size_t failed = 0;
  CHECK(*f.tree.apply_all(updates, failed) == Applied::conflict);
  CHECK(failed == 3);
  CHECK_FALSE(fetch(f.tree, "/d"));
  updates.pop_back();
  CHECK(*f.tree.apply_all(updates, failed) == Applied::yes);
  CHECK(fetch(f.tree, "/d", 1)->size() == 3);
}
