// SPDX-License-Identifier: MIT
//
// What is seen of a Maildir while readers rename and move its messages.
#include "fixture.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

using mda_maildir::testing::Fixture;
using mda_maildir::testing::soon;
using pigeon::Deadline;
using pigeon::Entry;
using pigeon::testing::FakeDelivery;

constexpr int kMessages = 3000;
const std::string id = "0123456789abcdef0123456789abcdef";

// While every message is renamed, a look takes long.
constexpr std::chrono::seconds kLong{60};

struct Busy : Fixture {
  [[nodiscard]] static std::string name(int number) { return "1000." + std::to_string(number) + ".host:2,"; }

  void fill() const {
    for (int i = 0; i < kMessages; ++i) directory.write("base/d/alice/Maildir/cur/" + name(i), "x\n");
  }
  // Marks all messages as seen, one after the other, or takes the mark away.
  void mark(bool is_seen) const {
    for (int i = 0; i < kMessages; ++i) {
      const auto bare = maildir() / "cur" / name(i);
      const auto marked = fs::path(bare.string() + "S");
      fs::rename(is_seen ? bare : marked, is_seen ? marked : bare);
    }
  }
};

// A reader who is at it as long as this lives.
class Reader {
 public:
  template <typename Step>
  explicit Reader(Step step)
      : thread_([this, step]() mutable {
          while (!ends_) step();
        }) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  Reader(Reader&&) = delete;
  Reader& operator=(Reader&&) = delete;
  ~Reader() {
    ends_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a list shows each message once while a reader marks them all") {
  const Busy f;
  f.fill();
  for (const bool is_seen : {true, false, true}) {
    std::thread reader([&] { f.mark(is_seen); });
    std::multiset<std::string> seen;
    const auto listed = f.mda->list(f.alice, soon(kLong), [&](const Entry& entry) {
      seen.insert(entry.name.substr(0, entry.name.find(':')));
      return true;
    });
    reader.join();
    CHECK(listed);
    CHECK(seen.size() == kMessages);
    CHECK(std::set(seen.begin(), seen.end()).size() == kMessages);
  }
}

TEST_CASE("what is renamed without end is not listed, and not called gone") {
  const Busy f;
  f.fill();
  const Reader reader([&, is_seen = true]() mutable {
    f.mark(is_seen);
    is_seen = !is_seen;
  });
  const auto now = [] { return Deadline::in(std::chrono::milliseconds(300)); };
  // On a machine that is busy the reader himself may be held up for long enough: then all is quiet, and seen.
  constexpr int kTries = 20;
  int count = 0;
  const auto list = [&] {
    count = 0;
    return f.mda->list(f.alice, now(), [&](const Entry&) { return ++count, true; });
  };
  auto listed = list();
  for (int i = 1; listed && i < kTries; ++i) {
    CHECK(count == kMessages);
    listed = list();
  }
  REQUIRE_FALSE(listed);
  CHECK(PIGEON_STATUS_RANGE(listed.failure().status) == PIGEON_TEMPORARY);
  const auto read = [&] {
    return f.mda->read(f.alice, "INBOX", "1.nobody.host", now(), [](auto) { return true; });
  };
  auto met = read();
  for (int i = 1; !met && met.failure().status == PIGEON_NOT_THERE && i < kTries; ++i) met = read();
  REQUIRE_FALSE(met);
  CHECK(met.failure().status != PIGEON_NOT_THERE);
}

TEST_CASE("a retry finds the message of an attempt that died, while a reader marks others") {
  Busy f;
  f.fill();
  const FakeDelivery first(f.alice, id, "one\n");
  std::vector<pigeon::Delivery> batch = {first.delivery()};
  f.mda->deliver(batch);
  REQUIRE(first.status() == PIGEON_OK);
  const auto own = f.own();
  const auto week = *fs::directory_iterator(own / "done");
  const fs::path stored(first.stored());
  const auto bare = f.maildir() / "cur" / (stored.filename().string() + ":2,");
  const auto marked = fs::path(bare.string() + "S");
  fs::rename(stored, bare);
  const Reader reader([&] {
    fs::rename(bare, marked);
    fs::rename(marked, bare);
  });
  for (int i = 0; i < 20; ++i) {
    fs::rename(week.path() / id, own / "pending" / id);
    const FakeDelivery again(f.alice, id, "one\n");
    batch = {again.delivery()};
    f.mda->deliver(batch);
    REQUIRE((again.was_there() || PIGEON_STATUS_RANGE(again.status()) == PIGEON_TEMPORARY));
    if (!again.was_there()) fs::rename(own / "pending" / id, week.path() / id);
  }
}
