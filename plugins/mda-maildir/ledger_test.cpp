// SPDX-License-Identifier: MIT
#include "ledger.hpp"

#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <tuple>

using mda_maildir::Ledger;
using pigeon::testing::TemporaryDirectory;

namespace {

// What belongs to a mailbox, as it was made.
struct Own {
  TemporaryDirectory directory;
  std::string pending = directory / "pending";

  Own() {
    std::filesystem::create_directory(pending);
    std::filesystem::create_directory(directory / "done");
  }
  // As each process opens it.
  [[nodiscard]] Ledger open() const {
    const auto own = pigeon::Directory::open(directory.path().string());
    REQUIRE(own);
    REQUIRE(*own);
    auto ledger = Ledger::open(**own);
    REQUIRE(ledger);
    return *std::move(ledger);
  }
  [[nodiscard]] bool is_idle() const { return std::filesystem::is_empty(pending); }
};

pigeon::Done nothing(const std::string& /*token*/) {
  return {};
}

}  // namespace

TEST_CASE("who looked before another process has ended, and claims after it, learns that it was stored") {
  const Own own;
  auto late = own.open();  // the mailbox's first week: there is no directory for it yet
  auto first = own.open();
  const auto claim = first.claim("id", true);
  REQUIRE(claim);
  REQUIRE(*claim);
  CHECK(first.finish(**claim, nothing));

  const auto again = late.claim("id", true);
  REQUIRE(again);
  CHECK_FALSE(again->has_value());
  CHECK(own.is_idle());
}

TEST_CASE("a claim without a queue id has a token that no other delivery has") {
  const Own own;
  auto ledger = own.open();
  const auto one = ledger.claim("id", false);
  const auto other = ledger.claim("id", false);
  REQUIRE(one);
  REQUIRE(other);
  CHECK((*one)->token != (*other)->token);
  CHECK_FALSE((*one)->was_begun);
  CHECK_FALSE((*other)->was_begun);
}

TEST_CASE("an entry that nobody holds is an attempt that did not end, with or without a queue id") {
  const Own own;
  own.directory.write("pending/unique", "");
  own.directory.write("pending/equal-token", "");
  auto ledger = own.open();
  for (const auto& [id, is_unique, token] :
       {std::tuple{"unique", true, "unique"}, std::tuple{"equal", false, "token"}}) {
    const auto claim = ledger.claim(id, is_unique);
    REQUIRE(claim);
    REQUIRE(*claim);
    CHECK((*claim)->was_begun);
    CHECK((*claim)->token == token);
    CHECK(ledger.finish(**claim, nothing));
  }
  CHECK(own.is_idle());
}

TEST_CASE("however many ids are too old, they are forgotten in the end, a bounded number at a time") {
  const Own own;
  std::filesystem::create_directories(own.directory / "done/1");
  for (int id = 0; id < 1200; ++id) own.directory.write("done/1/old" + std::to_string(id), "");
  const auto left = [&] {
    const std::filesystem::path old(own.directory / "done/1");
    return std::filesystem::exists(old) ? std::distance(std::filesystem::directory_iterator(old),
                                                        std::filesystem::directory_iterator())
                                        : -1;
  };
  int number = 0;
  for (const auto expected : {700, 200, -1}) {
    auto ledger = own.open();
    for (int together = 0; together < 2; ++together) {
      const auto claim = ledger.claim("id" + std::to_string(number++), true);
      REQUIRE(claim);
      REQUIRE(*claim);
      CHECK(ledger.finish(**claim, nothing));
    }
    CHECK(left() == expected);
  }
  CHECK_FALSE(own.open().claim("id0", true)->has_value());
}

TEST_CASE("what is renewed from week to week has two names, and no more") {
  namespace fs = std::filesystem;
  const Own own;
  for (const auto* week : {"1", "2", "3"}) {
    fs::create_directory(own.directory.path() / "done" / week);
    own.directory.write(std::string("done/") + week + "/id", "");
  }
  auto ledger = own.open();
  CHECK(ledger.renew("id"));
  CHECK(ledger.renew("id"));
  CHECK_FALSE(fs::exists(own.directory.path() / "done/1/id"));
  CHECK_FALSE(fs::exists(own.directory.path() / "done/2/id"));
  CHECK(fs::exists(own.directory.path() / "done/3/id"));
  const auto again = ledger.claim("id", true);
  REQUIRE(again);
  CHECK_FALSE(again->has_value());
}
