// SPDX-License-Identifier: MIT
#include "batch.hpp"

#include "dialect.hpp"

#include <sqlite-file/database.hpp>

#include <pigeon/testing/fake_delivery.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using pigeon::Allocation;
using pigeon::testing::FakeDelivery;

// A database that forgets.
class Memory final : public sqlite_file::Database {
 public:
  Memory() {
    REQUIRE(open({.path = ":memory:", .shown = "memory", .what = "mailbox", .creates = true}));
    const auto& dialect = sql_mailbox::sqlite_dialect();
    REQUIRE(execute(std::string(dialect.own_tables) + dialect.messages_table(sql_mailbox::kSharedMessages)));
  }
  // The next commit happens, and nobody is told.
  bool loses_answer = false;
  // What is called before the next look for a folder but so many.
  int looks_until = -1;
  std::function<void()> at_look;
  // Parameters of the largest statement that was prepared.
  std::ptrdiff_t most_parameters = 0;
  pigeon::Result<sql_database::Statement*> prepare(const std::string& sql) override {
    most_parameters = std::max(most_parameters, std::count(sql.begin(), sql.end(), '?'));
    if (sql.starts_with("SELECT folder, uidnext") && looks_until-- == 0) at_look();
    return Database::prepare(sql);
  }
  // The first column of the first row.
  std::string ask(const std::string& statement) {
    auto prepared = prepare(statement);
    REQUIRE(prepared);
    const auto stepped = (*prepared)->with().step();
    REQUIRE(stepped);
    auto answer = *stepped ? (*prepared)->text(0) : "";
    (*prepared)->reset();
    return answer;
  }

 private:
  pigeon::Done commit() override {
    auto committed = Database::commit();
    if (!std::exchange(loses_answer, false)) return committed;
    auto lost = pigeon::unavailable("the answer was lost");
    lost.may_have_happened = true;
    return lost;
  }
};

struct Fixture {
  Memory database;
  Allocation alice{.id = "id-of-alice", .principal = {"d", "alice"}};
  sql_mailbox::Place place{.name = "alice@d", .own_table = {}, .shown = "alice@d"};

  Fixture() { REQUIRE(sql_mailbox::Mailboxes(database, sql_mailbox::sqlite_dialect()).make(place, alice)); }
  // As a server has it: small messages together.
  void deliver(const std::vector<const FakeDelivery*>& lent, std::size_t most_together = 1 << 20) {
    std::vector<pigeon::Delivery> deliveries;
    for (const auto* each : lent) deliveries.push_back(each->delivery());
    std::vector<sql_mailbox::Item> items;
    for (const auto& each : deliveries) items.push_back(*sql_mailbox::Item::of(each, place));
    std::vector<sql_mailbox::Item*> pending;
    for (auto& each : items) pending.push_back(&each);
    const sql_mailbox::Options options{.largest_part = 1000, .most_together = most_together};
    REQUIRE(sql_mailbox::Batch(database, sql_mailbox::sqlite_dialect(), options).attempt(pending));
    for (auto& each : items) {
      REQUIRE(each.outcome);
      each.delivery->answer(*each.outcome);
    }
  }
};

std::vector<std::unique_ptr<FakeDelivery>> many(const Allocation& allocation, int count,
                                                std::size_t size = 10) {
  std::vector<std::unique_ptr<FakeDelivery>> made;
  for (int number = 0; number < count; ++number) {
    const auto id = std::to_string(number);
    made.push_back(std::make_unique<FakeDelivery>(allocation, "q" + id,
                                                  id + std::string("\0", 1) + std::string(size, 'x')));
  }
  return made;
}

std::vector<const FakeDelivery*> lent(const std::vector<std::unique_ptr<FakeDelivery>>& made) {
  std::vector<const FakeDelivery*> all;
  for (const auto& each : made) all.push_back(each.get());
  return all;
}

}  // namespace

TEST_CASE("messages that are stored together are stored as each by itself is") {
  for (const int count : {1, 2, 3, 17, 64, 131}) {
    std::vector<std::string> stored;
    for (const std::size_t most_together : {0UL, 5000UL, 1UL << 20U}) {
      Fixture f;
      const auto made = many(f.alice, count);
      f.deliver(lent(made), most_together);
      for (const auto& each : made) {
        CHECK(each->status() == PIGEON_OK);
        CHECK_FALSE(each->was_there());
      }
      stored.push_back(f.database.ask(
          "SELECT group_concat(each) FROM (SELECT hex(content) || bytes || ' ' || wire_bytes || delivery AS "
          "each FROM messages ORDER BY delivery)"));
      CHECK(f.database.ask("SELECT count(DISTINCT uid) || ' ' || max(uid) FROM messages") ==
            std::to_string(count) + " " + std::to_string(count));
      CHECK(f.database.ask("SELECT uidnext FROM folders") == std::to_string(count + 1));
      CHECK(f.database.ask("SELECT messages = (SELECT count(*) FROM messages) AND bytes = (SELECT sum(bytes) "
                           "FROM messages) FROM mailboxes") == "1");
    }
    CHECK(stored[0] == stored[1]);
    CHECK(stored[0] == stored[2]);
  }
}

TEST_CASE(
    "where a server takes little at a time, a statement has few rows, however small their messages are") {
  Fixture f;
  const auto made = many(f.alice, 64, 1);
  f.deliver(lent(made), 5000);
  CHECK(f.database.most_parameters == 16 * 9);
  CHECK(f.database.ask("SELECT count(*) FROM messages") == "64");
  Fixture least;
  least.deliver(lent(made), 300);
  CHECK(least.database.most_parameters < 4 * 9);
  CHECK(least.database.ask("SELECT count(*) FROM messages") == "64");
}

TEST_CASE("of messages that go together, those that are there already are not stored again") {
  Fixture f;
  const auto first = many(f.alice, 10);
  f.deliver(lent(first));
  const auto again = many(f.alice, 20);
  const FakeDelivery same(f.alice, "q15", "15");
  auto all = lent(again);
  all.push_back(&same);
  f.deliver(all);
  for (std::size_t number = 0; number < again.size(); ++number) {
    CHECK(again[number]->status() == PIGEON_OK);
    CHECK(again[number]->was_there() == (number < 10));
  }
  CHECK(same.was_there());
  CHECK(f.database.ask("SELECT count(*) FROM messages") == "20");
}

TEST_CASE("what one of those that go together meets is its own") {
  Fixture f;
  REQUIRE(
      f.database.execute("CREATE INDEX bad ON messages (abs(-9223372036854775808 + (delivery <> 'q5')))"));
  const auto made = many(f.alice, 30);
  f.deliver(lent(made));
  for (std::size_t number = 0; number < made.size(); ++number)
    CHECK((made[number]->status() == PIGEON_OK) == (number != 5));
  CHECK(f.database.ask("SELECT count(*) FROM messages") == "29");
  CHECK(f.database.ask("SELECT count(*) FROM deliveries") == "29");
  CHECK(f.database.ask("SELECT messages FROM mailboxes") == "29");
}

TEST_CASE("what a copy brings again after weeks is known, and is remembered from then on") {
  for (const std::size_t most_together : {0UL, 1UL << 20U}) {
    Fixture f;
    const auto copy = [&] {
      auto made = many(f.alice, 6);
      for (const auto& each : made) each->move(1, 0);
      // As few at a time as there are many in a large mailbox.
      f.deliver({made[0].get(), made[1].get()}, most_together);
      f.deliver({made[2].get()}, most_together);
      f.deliver({made[3].get(), made[4].get(), made[5].get()}, most_together);
      return std::count_if(made.begin(), made.end(), [](const auto& each) { return each->was_there(); });
    };
    CHECK(copy() == 0);
    for (int times = 0; times < 2; ++times) {
      REQUIRE(
          f.database.execute("UPDATE deliveries SET week = week - 3; UPDATE mailboxes SET forgotten = 0"));
      CHECK(copy() == 6);
      CHECK(f.database.ask("SELECT count(*) FROM messages") == "6");
    }
    // Who delivers forgets nothing of what was brought again.
    const FakeDelivery other(f.alice, "other", "x");
    f.deliver({&other});
    CHECK(copy() == 6);
  }
}

TEST_CASE("whose time is over takes nobody with him who came before") {
  const auto until = pigeon::Deadline::in(std::chrono::milliseconds(300));
  Fixture f;
  // Only the third one wants another folder than the first, which is found with the mailbox.
  f.database.looks_until = 0;
  f.database.at_look = [&] {
    while (!until.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  auto made = many(f.alice, 2);
  SUBCASE("while it is written") {
    made.push_back(std::make_unique<FakeDelivery>(f.alice, "q2", std::string(5000, 'y'), "Gone"));
    made.push_back(std::make_unique<FakeDelivery>(f.alice, "q3", "z"));
  }
  SUBCASE("before it is begun") {
    made.push_back(std::make_unique<FakeDelivery>(f.alice, "q2", "the last one in time", "Gone"));
    made.push_back(std::make_unique<FakeDelivery>(f.alice, "q3", "z"));
  }
  const bool is_third_in_time = made[2]->whole().size() < 1000;
  for (const auto& each : made) each->end_at(until);
  f.deliver(lent(made), 0);
  CHECK(made[0]->status() == PIGEON_OK);
  CHECK(made[1]->status() == PIGEON_OK);
  CHECK(made[2]->status() == (is_third_in_time ? PIGEON_OK : PIGEON_TIMEOUT));
  CHECK(made[3]->status() == PIGEON_TIMEOUT);
  CHECK(f.database.ask("SELECT count(*) FROM deliveries") == (is_third_in_time ? "3" : "2"));
  CHECK(f.database.ask("SELECT uidnext FROM folders") == (is_third_in_time ? "4" : "3"));
}

TEST_CASE("a quota lets in as many of those that go together as there is room for") {
  Fixture f;
  std::vector<std::unique_ptr<FakeDelivery>> made;
  for (int number = 0; number < 8; ++number) {
    made.push_back(std::make_unique<FakeDelivery>(
        f.alice, "q" + std::to_string(number), "x", "",
        pigeon::Attributes{{"quotaMessages", {"5"}}, {"overQuota", {"defer"}}}));
  }
  f.deliver(lent(made));
  for (std::size_t number = 0; number < made.size(); ++number)
    CHECK(made[number]->status() == (number < 5 ? PIGEON_OK : PIGEON_NO_SPACE));
  CHECK(f.database.ask("SELECT messages FROM mailboxes") == "5");
}

TEST_CASE("a quota that is counted anew while some go together counts what there is of them") {
  Fixture f;
  REQUIRE(f.database.execute("UPDATE mailboxes SET messages = 2, counted = 0"));
  std::vector<std::unique_ptr<FakeDelivery>> made;
  for (int number = 0; number < 16; ++number) {
    made.push_back(std::make_unique<FakeDelivery>(
        f.alice, "q" + std::to_string(number), "x", "",
        pigeon::Attributes{{"quotaMessages", {"10"}}, {"overQuota", {"defer"}}}));
  }
  f.deliver(lent(made));
  for (std::size_t number = 0; number < made.size(); ++number)
    CHECK(made[number]->status() == (number < 10 ? PIGEON_OK : PIGEON_NO_SPACE));
  CHECK(f.database.ask("SELECT count(*) FROM messages") == "10");
  CHECK(f.database.ask("SELECT messages FROM mailboxes") == "10");
}

TEST_CASE("large messages among small ones are stored, too") {
  Fixture f;
  const auto small = many(f.alice, 5);
  const FakeDelivery large(f.alice, "large", std::string(5000, 'y'));
  auto all = lent(small);
  all.insert(all.begin() + 2, &large);
  f.deliver(all);
  CHECK(large.status() == PIGEON_OK);
  CHECK(f.database.ask("SELECT count(*) FROM messages WHERE part = 0") == "6");
  CHECK(
      f.database.ask("SELECT sum(length(content)) FROM messages WHERE uid = (SELECT uid FROM messages WHERE "
                     "delivery = 'large')") == std::to_string(large.whole().size()));
}

TEST_CASE("what a commit without an answer may have stored is not said to be away, whatever it meets next") {
  Fixture f;
  const pigeon::Attributes one{{"quotaMessages", {"1"}}, {"overQuota", {"reject"}}};
  const FakeDelivery stored(f.alice, "1", "x", "", one);
  const FakeDelivery refused(f.alice, "2", "x", "", one);
  const std::array deliveries{stored.delivery(), refused.delivery()};
  std::array items{*sql_mailbox::Item::of(deliveries[0], f.place),
                   *sql_mailbox::Item::of(deliveries[1], f.place)};
  const sql_mailbox::Options options{.largest_part = 1000};
  const auto attempt = [&] {
    auto done = sql_mailbox::Batch(f.database, sql_mailbox::sqlite_dialect(), options)
                    .attempt({items.data(), &items[1]});
    if (done) {
      for (const auto& each : items) each.answer(*each.outcome);
    }
    return done.operator bool();
  };
  f.database.loses_answer = true;
  REQUIRE_FALSE(attempt());
  SUBCASE("it is there") {
    REQUIRE(attempt());
    CHECK(stored.status() == PIGEON_OK);
  }
  SUBCASE("it cannot be looked for") {
    REQUIRE(f.database.execute("UPDATE mailboxes SET allocation = 'another'"));
    REQUIRE(attempt());
    CHECK(stored.failure().may_have_happened);
  }
  SUBCASE("it would be refused for good") {
    REQUIRE(f.database.execute("DELETE FROM deliveries"));
    REQUIRE(attempt());
    CHECK(PIGEON_STATUS_RANGE(stored.status()) == PIGEON_TEMPORARY);
    CHECK(stored.failure().may_have_happened);
    CHECK(refused.status() == PIGEON_REFUSED);
  }
  CHECK_FALSE(refused.failure().may_have_happened);
}
