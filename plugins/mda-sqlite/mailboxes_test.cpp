// SPDX-License-Identifier: MIT
#include "mailboxes.hpp"

#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/fake_host.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

struct Fixture {
  TemporaryDirectory directory;
  FakeHost host;
  std::unique_ptr<mda_sqlite::Mailboxes> mda;
  Allocation alice{.id = "id-of-alice", .attributes = {{"home", {"d/alice"}}}, .principal = {"d", "alice"}};

  explicit Fixture(const std::string& indexes = "FALSE") {
    const pigeon::Settings settings({{"base", {directory / "base"}},
                                     {"home", {"{domain}/{user}"}},
                                     {"busyTimeout", {"30s"}},
                                     {"indexFields", {indexes}}});
    mda = *mda_sqlite::Mailboxes::open(host.host(), settings);
    REQUIRE(mda->initialize({}, soon()));
    REQUIRE(mda->ensure(alice, soon()));
  }
  [[nodiscard]] fs::path home() const { return directory.path() / "base/d/alice"; }

  void deliver(std::initializer_list<const FakeDelivery*> deliveries) const {
    std::vector<pigeon::Delivery> batch;
    for (const auto* each : deliveries) batch.push_back(each->delivery());
    mda->deliver(batch);
  }
  [[nodiscard]] std::vector<pigeon::Entry> entries() const {
    std::vector<pigeon::Entry> found;
    REQUIRE(mda->list(alice, soon(), [&](const pigeon::Entry& entry) {
      found.push_back(entry);
      return true;
    }));
    return found;
  }
  [[nodiscard]] std::string content(const pigeon::Entry& entry) const {
    std::string text;
    REQUIRE(mda->read(alice, entry.folder, entry.name, soon(), [&](std::string_view bytes) {
      text += bytes;
      return true;
    }));
    return text;
  }
  // Behind everybody's back, in the one mailbox; the first column of the first row.
  [[nodiscard]] std::string sql(const std::string& statement) const {
    auto opened = pigeon::Directory::open(home());
    REQUIRE((opened && *opened));
    auto file = mda_sqlite::MailFile::open(**std::move(opened), soon());
    REQUIRE((file && *file));
    auto prepared = (*file)->prepare(statement);
    REQUIRE(prepared);
    const auto stepped = (*prepared)->with().step();
    REQUIRE(stepped);
    return *stepped ? (*prepared)->text(0) : "";
  }
};

}  // namespace

TEST_CASE("a mailbox is a file for nobody else to read") {
  const Fixture f;
  for (const auto& entry : fs::directory_iterator(f.home())) {
    struct stat status = {};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
  }
  CHECK(f.sql("SELECT allocation FROM mailboxes") == "id-of-alice");
  CHECK(f.sql("PRAGMA journal_mode") == "wal");
}

TEST_CASE("a message is stored and read byte for byte, whatever its bytes and its size") {
  const Fixture f;
  std::vector<std::string> stored;
  std::string large;
  for (int byte = 0; large.size() < 700'000; ++byte) large += static_cast<char>(byte * 7);
  for (const auto& body :
       {std::string(), std::string("Subject: x\n\nx\n"), std::string("a\r\nb\r\n"), std::string("\0", 1),
        std::string("nul\0\xff\n", 6), std::string(256 << 10, '\0'), large}) {
    const FakeDelivery delivery(f.alice, "id" + std::to_string(stored.size()), body);
    f.deliver({&delivery});
    REQUIRE(delivery.status() == PIGEON_OK);
    stored.push_back(delivery.whole());
  }
  const auto entries = f.entries();
  REQUIRE(entries.size() == stored.size());
  for (std::size_t index = 0; index < stored.size(); ++index) {
    CAPTURE(index);
    CHECK(f.content(entries[index]) == stored[index]);
    CHECK(entries[index].bytes == stored[index].size());
    CHECK(entries[index].name == std::to_string(index + 1));
    CHECK(entries[index].id == "id" + std::to_string(index));
  }
}

TEST_CASE("a message of which records are missing is damaged, and only one that is away is not there") {
  const Fixture f;
  const FakeDelivery delivery(f.alice, "1", std::string(700'000, 'x'));
  f.deliver({&delivery});
  const auto entry = f.entries().front();
  const auto read = [&](const std::function<void()>& meanwhile) {
    const auto done = f.mda->read(f.alice, entry.folder, entry.name, soon(), [&](std::string_view) {
      meanwhile();
      return true;
    });
    REQUIRE_FALSE(done);
    return done.failure();
  };
  static_cast<void>(f.sql("DELETE FROM messages WHERE part = 2"));
  const auto damaged = read([] {});
  CHECK(damaged.status == PIGEON_UNAVAILABLE);
  CHECK(damaged.remedy == "restore it from a backup");
  CHECK(read([&] { static_cast<void>(f.sql("DELETE FROM messages")); }).status == PIGEON_NOT_THERE);
  CHECK(read([] {}).status == PIGEON_NOT_THERE);
}

TEST_CASE("a retry is stored once, in a batch and in several, also after a reader has deleted the message") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q", "one\n");
  const FakeDelivery same(f.alice, "q", "one\n");
  const FakeDelivery other(f.alice, "r", "two\n");
  f.deliver({&first, &same, &other});
  CHECK(first.status() == PIGEON_OK);
  CHECK_FALSE(first.was_there());
  CHECK(same.was_there());
  CHECK_FALSE(other.was_there());
  CHECK(f.sql("DELETE FROM messages WHERE delivery = 'q' RETURNING uid") == "1");
  const FakeDelivery again(f.alice, "q", "one\n");
  f.deliver({&again});
  CHECK(again.status() == PIGEON_OK);
  CHECK(again.was_there());
  REQUIRE(f.entries().size() == 1);
  CHECK(f.entries().front().name == "2");
}

TEST_CASE("what one delivery of a batch meets leaves nothing of it, and does not touch the others") {
  const Fixture f;
  static_cast<void>(f.sql("CREATE INDEX bad ON messages (abs(-9223372036854775808 + (delivery <> 'bad')))"));
  const pigeon::Attributes makes{{"createFolders", {"TRUE"}}};
  const FakeDelivery before(f.alice, "before", "1\n");
  const FakeDelivery bad(f.alice, "bad", "2\n", "Work", makes);
  const FakeDelivery after(f.alice, "after", "3\n");
  f.deliver({&before, &bad, &after});
  CHECK(before.status() == PIGEON_OK);
  CHECK(PIGEON_STATUS_RANGE(bad.status()) == PIGEON_TEMPORARY);
  CHECK(after.status() == PIGEON_OK);
  CHECK(f.sql("SELECT group_concat(id) FROM deliveries") == "after,before");
  CHECK(f.sql("SELECT group_concat(uidnext) FROM folders") == "3");
  static_cast<void>(f.sql("DROP INDEX bad"));
  const FakeDelivery again(f.alice, "bad", "2\n", "Work", makes);
  f.deliver({&again});
  CHECK(again.status() == PIGEON_OK);
  CHECK_FALSE(again.was_there());
  CHECK(f.entries().size() == 3);
}

TEST_CASE("equal messages whose id is not unique are several") {
  const Fixture f;
  const FakeDelivery one(f.alice, "q", "same\n", "", {}, false);
  const FakeDelivery two(f.alice, "q", "same\n", "", {}, false);
  f.deliver({&one, &two});
  CHECK(f.entries().size() == 2);
  CHECK_FALSE(two.was_there());
}

TEST_CASE("an id is forgotten after weeks, and no sooner") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q", "one\n");
  f.deliver({&first});
  static_cast<void>(f.sql("UPDATE deliveries SET week = week - 2"));
  static_cast<void>(f.sql("UPDATE mailboxes SET forgotten = 0"));
  const FakeDelivery soon_after(f.alice, "r", "two\n");
  f.deliver({&soon_after});
  CHECK(f.sql("SELECT count(*) FROM deliveries") == "2");
  static_cast<void>(f.sql("UPDATE deliveries SET week = week - 1 WHERE id = 'q'"));
  static_cast<void>(f.sql("UPDATE mailboxes SET forgotten = 0"));
  const FakeDelivery late(f.alice, "s", "three\n");
  f.deliver({&late});
  CHECK(f.sql("SELECT group_concat(id) FROM deliveries") == "r,s");
}

TEST_CASE("a UID only grows, in each folder, whatever a reader deletes") {
  const Fixture f;
  const pigeon::Attributes makes{{"createFolders", {"TRUE"}}};
  for (const auto* id : {"1", "2", "3"}) {
    const FakeDelivery here(f.alice, std::string("a") + id, "x\n");
    const FakeDelivery there(f.alice, std::string("b") + id, "x\n", "Work/Reports", makes);
    f.deliver({&here, &there});
    CHECK_FALSE(there.had_no_such_folder());
    static_cast<void>(f.sql("DELETE FROM messages"));
  }
  CHECK(f.sql("SELECT group_concat(uidnext) FROM folders") == "4,4");
  CHECK(f.sql("SELECT min(uidvalidity) > 1600000000 FROM folders") == "1");
}

TEST_CASE(
    "a folder that is not there is not made unless that is wanted, and the message goes into the main one") {
  const Fixture f;
  for (const auto* folder : {"Work", "a//b", "\n"}) {
    const FakeDelivery delivery(f.alice, std::string("q") + folder[0], "x\n", folder);
    f.deliver({&delivery});
    CHECK(delivery.status() == PIGEON_OK);
    CHECK(delivery.had_no_such_folder());
  }
  const FakeDelivery inbox(f.alice, "i", "x\n", "inbox");
  f.deliver({&inbox});
  CHECK_FALSE(inbox.had_no_such_folder());
  CHECK(f.sql("SELECT count(*) FROM folders") == "1");
  CHECK(f.entries().size() == 4);
}

TEST_CASE(
    "a message that is moved keeps when it came and its marks, has its folder made, and meets no quota") {
  const Fixture f;
  FakeDelivery moved(f.alice, "m", "old\n", "Archive", {{"quotaMessages", {"0"}}, {"overQuota", {"reject"}}});
  moved.move(1'000'000'000, PIGEON_MARK_SEEN | PIGEON_MARK_DRAFT);
  f.deliver({&moved});
  REQUIRE(moved.status() == PIGEON_OK);
  const auto entries = f.entries();
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].folder == "Archive");
  CHECK(entries[0].received == 1'000'000'000);
  CHECK(entries[0].marks == (PIGEON_MARK_SEEN | PIGEON_MARK_DRAFT));
  CHECK(f.content(entries[0]) == "old\n");
}

TEST_CASE("a quota is counted with what it counts, and counted anew where it may be wrong") {
  const Fixture f;
  const pigeon::Attributes two{{"quotaMessages", {"2"}}, {"overQuota", {"defer"}}};
  const FakeDelivery first(f.alice, "1", "x\n", "", two);
  const FakeDelivery second(f.alice, "2", "x\n", "", two);
  const FakeDelivery third(f.alice, "3", "x\n", "", two);
  f.deliver({&first, &second, &third});
  CHECK(second.status() == PIGEON_OK);
  CHECK(third.status() == PIGEON_NO_SPACE);
  CHECK(f.entries().size() == 2);
  // A reader has made room without a word.
  static_cast<void>(f.sql("DELETE FROM messages WHERE uid = 1"));
  const FakeDelivery too_soon(f.alice, "4", "x\n", "", two);
  f.deliver({&too_soon});
  CHECK(too_soon.status() == PIGEON_NO_SPACE);
  static_cast<void>(f.sql("UPDATE mailboxes SET counted = counted - 1000"));
  const FakeDelivery fits(f.alice, "5", "x\n", "", two);
  f.deliver({&fits});
  CHECK(fits.status() == PIGEON_OK);
  const auto usage = f.mda->usage(f.alice, pigeon::Settings(two), false, soon());
  REQUIRE(usage);
  CHECK(usage->messages == 2);
  CHECK(usage->bytes == 2 * fits.whole().size());
  CHECK(usage->messages_limit == 2);
  static_cast<void>(f.sql("DELETE FROM messages"));
  const auto counted = f.mda->usage(f.alice, pigeon::Settings(two), true, soon());
  REQUIRE(counted);
  CHECK(counted->messages == 0);
  CHECK(counted->bytes == 0);
}

TEST_CASE("over quota for good is refused, and counted once only") {
  const Fixture f;
  static_cast<void>(f.sql("UPDATE mailboxes SET counted = 0, messages = 7"));
  const pigeon::Attributes none{{"quotaMessages", {"0"}}, {"overQuota", {"reject"}}};
  const FakeDelivery refused(f.alice, "1", "x\n", "", none);
  f.deliver({&refused});
  CHECK(refused.status() == PIGEON_REFUSED);
  CHECK(f.sql("SELECT counted > 0 AND messages = 0 FROM mailboxes") == "1");
}

TEST_CASE("header fields are indexed where that is wanted, and what cannot be is in nobody's way") {
  const Fixture f("TRUE");
  const FakeDelivery good(f.alice, "1", "From: a@b\nSubject: one\n two\nX: y\n\nTo: body\n");
  const FakeDelivery bad(f.alice, "2", "Subject: " + std::string(2000, '\xff') + "\n\n");
  f.deliver({&good, &bad});
  CHECK(f.sql("SELECT group_concat(field || '=' || CAST(value AS TEXT)) FROM fields") ==
        "from=a@b,subject=one two");
  static_cast<void>(f.sql("DROP TABLE fields"));
  const FakeDelivery without(f.alice, "3", "From: a@b\n\n");
  f.deliver({&without});
  CHECK(without.status() == PIGEON_OK);
  CHECK(f.entries().size() == 3);
}

TEST_CASE("a mailbox that is retired takes no mail, can be read, and can be taken back") {
  const Fixture f;
  const FakeDelivery before(f.alice, "1", "x\n");
  f.deliver({&before});
  for (int round = 0; round < 2; ++round) REQUIRE(f.mda->retire(f.alice, soon()));
  const FakeDelivery late(f.alice, "2", "x\n");
  f.deliver({&late});
  CHECK(late.status() == PIGEON_MISCONFIGURED);
  CHECK(late.failure().remedy.find("pigeonctl mailbox adopt alice@d") != std::string::npos);
  CHECK_FALSE(f.mda->ensure(f.alice, soon()));
  REQUIRE(f.entries().size() == 1);
  CHECK(f.content(f.entries().front()) == before.whole());
  REQUIRE(f.mda->adopt(f.alice, soon()));
  const FakeDelivery after(f.alice, "2", "x\n");
  f.deliver({&after});
  CHECK(after.status() == PIGEON_OK);
}

TEST_CASE(
    "a mailbox that is retired or taken over again is written again, one that is there stays as it is") {
  const Fixture f;
  const auto writes = [&](auto&& call) {
    const auto before = f.sql("SELECT repeats FROM mailboxes");
    REQUIRE(call());
    return f.sql("SELECT repeats FROM mailboxes") != before;
  };
  CHECK_FALSE(writes([&] { return f.mda->ensure(f.alice, soon()); }));
  CHECK(writes([&] { return f.mda->adopt(f.alice, soon()); }));
  REQUIRE(f.mda->retire(f.alice, soon()));
  CHECK(writes([&] { return f.mda->retire(f.alice, soon()); }));
  CHECK(f.sql("SELECT state FROM mailboxes") == "1");
}

TEST_CASE("what bears another stamp or none is refused, and only what bears none is taken over") {
  Fixture f;
  auto bob = f.alice;
  bob.id = "id-of-bob";
  const FakeDelivery foreign(bob, "1", "x\n");
  f.deliver({&foreign});
  CHECK(foreign.status() == PIGEON_MISCONFIGURED);
  CHECK_FALSE(f.mda->ensure(bob, soon()));
  CHECK_FALSE(f.mda->adopt(bob, soon()));
  CHECK_FALSE(f.mda->retire(bob, soon()));
  CHECK_FALSE(f.mda->purge(bob, soon()));
  static_cast<void>(f.sql("UPDATE mailboxes SET allocation = NULL"));
  const FakeDelivery unstamped(bob, "1", "x\n");
  f.deliver({&unstamped});
  CHECK(unstamped.failure().remedy.find("mailbox adopt") != std::string::npos);
  REQUIRE(f.mda->adopt(bob, soon()));
  const FakeDelivery own(bob, "1", "x\n");
  f.deliver({&own});
  CHECK(own.status() == PIGEON_OK);
}

TEST_CASE("a mailbox that is gone is not made anew by a delivery") {
  const Fixture f;
  for (const auto& removed : {f.home() / "mail.db", f.home(), f.directory.path() / "base"}) {
    fs::remove_all(removed);
    const FakeDelivery delivery(f.alice, "1", "x\n");
    f.deliver({&delivery});
    CHECK(delivery.status() == PIGEON_MISCONFIGURED);
    CHECK_FALSE(fs::exists(removed));
  }
}

TEST_CASE("purging leaves nothing, can be repeated, and goes on where it was interrupted") {
  Fixture f;
  const FakeDelivery delivery(f.alice, "1", "x\n");
  f.deliver({&delivery});
  for (int round = 0; round < 2; ++round) REQUIRE(f.mda->purge(f.alice, soon()));
  CHECK_FALSE(fs::exists(f.home()));
  // As after a purge that was interrupted when the file had lost its name: its log is no other file's.
  f.alice.id = "another";
  REQUIRE(f.mda->ensure(f.alice, soon()));
  f.deliver({&delivery});
  fs::rename(f.home() / "mail.db", f.home() / ".mail.db.purged");
  REQUIRE(f.mda->ensure(f.alice, soon()));
  CHECK(f.entries().empty());
  CHECK_FALSE(fs::exists(f.home() / ".mail.db.purged"));
}

TEST_CASE("what a mailbox without a log has left behind is played back into no other one") {
  Fixture f;
  const auto journal = f.home() / "mail.db-journal";
  REQUIRE(f.mda->purge(f.alice, soon()));
  REQUIRE(f.mda->ensure(f.alice, soon()));
  std::ofstream(journal) << "old";
  fs::rename(f.home() / "mail.db", f.home() / ".mail.db.purged");
  REQUIRE(f.mda->ensure(f.alice, soon()));
  CHECK_FALSE(fs::exists(journal));
  std::ofstream(journal) << "old";
  REQUIRE(f.mda->purge(f.alice, soon()));
  CHECK_FALSE(fs::exists(f.home()));
}

TEST_CASE("what stands in the file beside the tables does nothing to what is delivered") {
  const Fixture f;
  static_cast<void>(f.sql("CREATE TRIGGER eater AFTER INSERT ON messages BEGIN DELETE FROM messages; END"));
  const FakeDelivery delivery(f.alice, "1", "x\n");
  f.deliver({&delivery});
  CHECK(delivery.status() == PIGEON_OK);
  CHECK(f.entries().size() == 1);
}

TEST_CASE("purging removes a file that who made it has put nothing into, and no file of others") {
  const Fixture f;
  REQUIRE(f.mda->purge(f.alice, soon()));
  const auto file = f.home() / "mail.db";
  const auto hold = [&](const std::string& statements) {
    fs::create_directories(f.home());
    std::ofstream(file).close();
    fs::permissions(file, fs::perms(0600));
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
    REQUIRE(sqlite3_exec(database, statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
  };
  for (const auto* statements : {"", "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL"}) {
    CAPTURE(statements);
    hold(statements);
    CHECK(f.mda->purge(f.alice, soon()));
    CHECK_FALSE(fs::exists(f.home()));
  }
  for (const auto* statements : {"CREATE TABLE others (name TEXT)", "PRAGMA application_id = 7"}) {
    CAPTURE(statements);
    hold(statements);
    CHECK_FALSE(f.mda->purge(f.alice, soon()));
    CHECK(fs::exists(file));
    fs::remove(file);
  }
  std::ofstream(file) << "a text of somebody else's, longer than the header of a database: "
                      << std::string(200, 'x');
  fs::permissions(file, fs::perms(0600));
  CHECK_FALSE(f.mda->purge(f.alice, soon()));
  CHECK(fs::exists(file));
}

TEST_CASE("what is not a file of this mailbox alone is not opened") {
  const Fixture f;
  const auto file = f.home() / "mail.db";
  const auto moved = f.directory.path() / "elsewhere.db";
  const auto refuses = [&](const std::string& id) {
    const FakeDelivery delivery(f.alice, id, "x\n");
    f.deliver({&delivery});
    return delivery.status() != PIGEON_OK && PIGEON_STATUS_RANGE(delivery.status()) == PIGEON_TEMPORARY;
  };
  fs::permissions(file, fs::perms(0640));
  CHECK(refuses("mode"));
  fs::permissions(file, fs::perms(0600));
  fs::create_hard_link(file, moved);
  CHECK(refuses("two names"));
  fs::remove(file);
  fs::create_symlink(moved, file);
  CHECK(refuses("a link"));
  fs::remove(file);
  fs::remove(f.home() / "mail.db-wal");  // all of the mailbox may be in it
  std::ofstream(file) << "no database";
  fs::permissions(file, fs::perms(0600));
  CHECK(refuses("something else"));
}

TEST_CASE("whoever uses a mailbox keeps the locks that another thread has on it") {
  const Fixture f;
  auto home = pigeon::Directory::open(f.home());
  REQUIRE((home && *home));
  auto file = mda_sqlite::MailFile::open(**std::move(home), soon());
  REQUIRE((file && *file));
  const auto transaction = sql_database::Transaction::begin(**file, sql_database::Transaction::For::writing);
  REQUIRE(transaction);
  CHECK(f.entries().empty());
  CHECK(f.mda->usage(f.alice, {}, false, soon()).operator bool());
  const pid_t child = ::fork();
  if (child == 0) {
    // Only another process can tell.
    const int opened = ::open((f.home() / "mail.db").c_str(), O_RDWR | O_CLOEXEC);
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    ::_exit(opened >= 0 && ::fcntl(opened, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("mailboxes of other programs there are none") {
  const Fixture f;
  const Allocation nobody{.id = "", .attributes = {{"home", {"/somewhere"}}}};
  const auto listed = f.mda->list(nobody, soon(), [](const pigeon::Entry&) { return true; });
  REQUIRE_FALSE(listed);
  CHECK(listed.failure().status == PIGEON_UNSUPPORTED);
}
