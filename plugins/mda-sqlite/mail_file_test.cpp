// SPDX-License-Identifier: MIT
#include "mail_file.hpp"

#include "mailboxes.hpp"

#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/fake_host.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace fs = std::filesystem;

namespace {

using pigeon::Allocation;
using pigeon::Deadline;
using pigeon::testing::FakeDelivery;
using pigeon::testing::FakeHost;
using pigeon::testing::TemporaryDirectory;

Deadline soon() {
  return Deadline::in(std::chrono::seconds(10));
}

// A process that uses mailboxes.
struct Process {
  FakeHost host;
  std::unique_ptr<mda_sqlite::Mailboxes> mda;

  explicit Process(const TemporaryDirectory& directory) {
    const pigeon::Settings settings({{"base", {directory / "base"}},
                                     {"home", {"{domain}/{user}"}},
                                     {"busyTimeout", {"1s"}},
                                     {"indexFields", {"FALSE"}}});
    mda = *mda_sqlite::Mailboxes::open(host.host(), settings);
    REQUIRE(mda->initialize({}, soon()));
  }
  [[nodiscard]] pigeon_status deliver(const Allocation& allocation, const std::string& id) const {
    const FakeDelivery delivery(allocation, id, "x\n");
    std::vector<pigeon::Delivery> batch{delivery.delivery()};
    mda->deliver(batch);
    return delivery.status();
  }
  [[nodiscard]] std::size_t count(const Allocation& allocation) const {
    std::size_t found = 0;
    REQUIRE(mda->list(allocation, soon(), [&](const pigeon::Entry&) { return ++found > 0; }));
    return found;
  }
};

struct Fixture {
  TemporaryDirectory directory;
  Process process{directory};
  Allocation alice{.id = "first", .attributes = {{"home", {"d/alice"}}}, .principal = {"d", "alice"}};

  Fixture() { REQUIRE(process.mda->ensure(alice, soon())); }
  [[nodiscard]] fs::path home() const { return directory.path() / "base/d/alice"; }
  [[nodiscard]] std::unique_ptr<mda_sqlite::MailFile> open() const {
    auto opened = pigeon::Directory::open(home());
    REQUIRE((opened && *opened));
    auto file = mda_sqlite::MailFile::open(**std::move(opened), soon());
    REQUIRE((file && *file));
    return *std::move(file);
  }
};

// Once, after the next file was opened, and before anything is read of it.
std::function<void()> after_next_opening;

int at_opening(sqlite3* /*connection*/, const char** /*error*/, const void* /*api*/) {
  sqlite3_reset_auto_extension();
  std::exchange(after_next_opening, nullptr)();
  return SQLITE_OK;
}

}  // namespace

TEST_CASE("whoever opens a mailbox while it is purged has nothing to do with the next one") {
  Fixture f;
  REQUIRE(f.process.deliver(f.alice, "1") == PIGEON_OK);
  f.process.mda.reset();  // SQLite shares the log's index within a process
  f.open()->empty_log();
  std::ofstream(f.home() / "notes") << "so that the home stays";
  auto next = f.alice;
  next.id = "next";
  const Process late(f.directory);
  const Process other(f.directory);
  after_next_opening = [&] {
    REQUIRE(other.mda->purge(f.alice, soon()));
    REQUIRE(other.mda->ensure(next, soon()));
    REQUIRE(other.deliver(next, "2") == PIGEON_OK);
    f.open()->empty_log();
  };
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(at_opening));
  CHECK(PIGEON_STATUS_RANGE(late.deliver(f.alice, "3")) == PIGEON_TEMPORARY);
  REQUIRE_FALSE(after_next_opening);
  CHECK(PIGEON_STATUS_RANGE(late.deliver(f.alice, "3")) == PIGEON_TEMPORARY);
  CHECK(late.deliver(next, "4") == PIGEON_OK);
  CHECK(other.deliver(next, "5") == PIGEON_OK);
  CHECK(Process(f.directory).count(next) == 3);
}

TEST_CASE(
    "a mailbox that was put back from a copy without a log gets one again, and flushes what it commits") {
  const Fixture f;
  REQUIRE(f.process.mda->retire(f.alice, soon()));
  const auto file = f.home() / "mail.db";
  REQUIRE(f.open()->execute("VACUUM INTO '" + (f.directory / "copy") + "'"));
  for (const auto* name : {"mail.db", "mail.db-wal", "mail.db-shm"}) fs::remove(f.home() / name);
  fs::copy_file(f.directory / "copy", file);
  fs::permissions(file, fs::perms(0600));
  REQUIRE(f.process.mda->adopt(f.alice, soon()));
  CHECK(fs::exists(f.home() / "mail.db-wal"));
  CHECK(f.process.deliver(f.alice, "1") == PIGEON_OK);
  const auto reopened = f.open();
  CHECK(reopened->use_log());
  const auto transaction =
      sql_database::Transaction::begin(*reopened, sql_database::Transaction::For::writing);
  REQUIRE(transaction);
  CHECK(*reopened->pragma("synchronous") == 3);
}
