// SPDX-License-Identifier: MIT
//
// What every datatree promises, on the embedded one and on the fake that other tests use; then what is
// particular to a file.
#include "tree.hpp"
#include "database.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/testing/fake_host.hpp>
#include <pigeon/testing/fake_tree.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

using pigeon::Applied;
using pigeon::Change;
using pigeon::Deadline;
using pigeon::Precondition;
using pigeon::TreePath;
using pigeon::testing::FakeTree;
using pigeon::testing::TemporaryDirectory;

constexpr std::array kUserAttributes = {pigeon::text_of("enable", ""), pigeon::text_of("force", ""),
                                        pigeon::text_of("phone", "", nullptr, PIGEON_DECLARATION_MULTI)};
constexpr std::array kAllocationAttributes = {
    pigeon::text_of("id", ""), pigeon::text_of("home", ""),
    pigeon::text_of("address", "", nullptr, PIGEON_DECLARATION_MULTI)};
constexpr pigeon_class kUser = pigeon::structural("mailUser", "", kUserAttributes);
constexpr pigeon_class kDomain = pigeon::structural("mailDomain", "", kUserAttributes);
constexpr pigeon_class kAllocation = pigeon::auxiliary("mda-xAllocation", "", kAllocationAttributes);
constexpr std::array kClasses = {&pigeon::tree::kRootClass, &kUser, &kDomain, &kAllocation};
constexpr pigeon_schema kSchema = {sizeof(pigeon_schema), 0, kClasses.data(), kClasses.size()};

Deadline soon() {
  return Deadline::in(std::chrono::seconds(10));
}
TreePath path(const std::string& text) {
  return *TreePath::parse(text);
}

struct Embedded {
  TemporaryDirectory directory;
  datatree_sqlite::Tree tree{directory / "tree.db", std::chrono::milliseconds(200)};

  Embedded() { REQUIRE(tree.initialize(kSchema, soon())); }
};
struct Fake {
  FakeTree tree;
};

template <typename Tree>
Applied apply(Tree& tree, const std::string& where, std::vector<Change> changes,
              std::vector<Precondition> preconditions = {}, std::optional<pigeon::Token> token = {}) {
  const auto applied =
      tree.apply({path(where), std::move(changes), std::move(preconditions), std::move(token), soon()});
  REQUIRE(applied);
  return *applied;
}

template <typename Tree>
void add(Tree& tree, const std::string& where, const std::string& objectclass) {
  REQUIRE(apply(tree, where, {Change::create(objectclass)}) == Applied::yes);
}

template <typename Tree>
std::optional<pigeon::Objects> fetch(Tree& tree, const std::string& where, unsigned depth = 0) {
  auto found = tree.fetch({path(where), depth, false, soon()});
  REQUIRE(found);
  return *std::move(found);
}

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
