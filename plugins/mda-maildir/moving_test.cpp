// SPDX-License-Identifier: MIT
//
// Reading back, retiring and moving: what `list`, `read`, `retire`, `adopt`, `usage` and moved deliveries do.
#include "fixture.hpp"
#include "name.hpp"

#include <pigeon/sdk/file.hpp>

#include <doctest/doctest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

using mda_maildir::testing::Fixture;
using mda_maildir::testing::soon;
using pigeon::Allocation;
using pigeon::Deadline;
using pigeon::Entry;
using pigeon::testing::FakeDelivery;

constexpr std::int64_t kThen = 1'000'000'000;
const std::string first_id = "0123456789abcdef0123456789abcdef";

}  // namespace

TEST_CASE("what was delivered is read back byte for byte, wherever a reader has put it") {
  Fixture f;
  const FakeDelivery delivery(f.alice, first_id, std::string("a\r\nnul\0\xff no end", 15));
  f.deliver(delivery);
  const auto entry = f.list(f.alice).at(0);
  CHECK(entry.folder == "INBOX");
  CHECK(entry.bytes == delivery.whole().size());
  CHECK(entry.id == first_id);
  CHECK(f.read(f.alice, "INBOX", entry.name) == delivery.whole());
  const auto stored = fs::path(delivery.stored());
  fs::rename(stored, f.maildir() / "cur" / (stored.filename().string() + ":2,FS"));
  CHECK(f.read(f.alice, "INBOX", entry.name) == delivery.whole());
  CHECK(f.list(f.alice).at(0).marks == (PIGEON_MARK_FLAGGED | PIGEON_MARK_SEEN));
  fs::remove(f.maildir() / "cur" / (stored.filename().string() + ":2,FS"));
  const auto gone = f.mda->read(f.alice, "INBOX", entry.name, soon(), [](std::string_view) { return true; });
  REQUIRE_FALSE(gone);
  CHECK(gone.failure().status == PIGEON_NOT_THERE);
}

TEST_CASE("no name that is asked for leads out of the folder") {
  const Fixture f;
  f.directory.write("base/d/alice/Maildir/secret", "x");
  for (const auto* name : {"../secret", "new/../secret", "cur/../../.pigeon/allocation", "/etc/passwd", "",
                           ".", "..", "tmp/x", "new/"}) {
    CAPTURE(name);
    const auto got = f.mda->read(f.alice, "INBOX", name, soon(), [](std::string_view) { return true; });
    REQUIRE_FALSE(got);
  }
}

TEST_CASE("a retired mailbox takes nothing, is still read, and can be adopted back") {
  Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  f.deliver(first);
  REQUIRE(f.mda->retire(f.alice, soon()));
  REQUIRE(f.mda->retire(f.alice, soon()));
  const FakeDelivery second(f.alice, "q2", "two\n");
  f.deliver(second);
  CHECK(PIGEON_STATUS_RANGE(second.status()) == PIGEON_TEMPORARY);
  CHECK(second.failure().remedy.find("pigeonctl mailbox move --resume alice@d MDA") != std::string::npos);
  CHECK(second.failure().remedy.find("pigeonctl mailbox adopt alice@d") != std::string::npos);
  CHECK_FALSE(f.mda->ensure(f.alice, soon()));
  REQUIRE(f.list(f.alice).size() == 1);
  CHECK(f.read(f.alice, "INBOX", f.list(f.alice)[0].name) == first.whole());

  REQUIRE(f.mda->adopt(f.alice, soon()));
  const FakeDelivery third(f.alice, "q2", "two\n");
  f.deliver(third);
  CHECK(third.status() == PIGEON_OK);
  const FakeDelivery retry(f.alice, "q1", "one\n");
  f.deliver(retry);
  CHECK(retry.was_there());
  CHECK(f.list(f.alice).size() == 2);
}

TEST_CASE("who made the mailbox and stopped before its stamp does not wake a retired one") {
  const Fixture f;
  REQUIRE(f.mda->retire(f.alice, soon()));
  // Its stamp is still there, so that a name that was free a moment ago is not free any more.
  CHECK(f.directory.read("base/d/alice/.pigeon/allocation") == "id-of-alice\n");
}

TEST_CASE("retiring waits for a delivery that is under way, and not for one that died") {
  const Fixture f;
  f.directory.write("base/d/alice/.pigeon/pending/died", "");
  auto other = std::make_unique<pigeon::Fd>(
      ::open((f.home() / ".pigeon/pending/q1").c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600));
  REQUIRE(::flock(other->get(), LOCK_EX) == 0);
  const auto late = f.mda->retire(f.alice, Deadline::in(std::chrono::milliseconds(50)));
  REQUIRE_FALSE(late);
  CHECK(late.failure().status == PIGEON_BUSY);
  std::thread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    other.reset();
  });
  const auto begun = std::chrono::steady_clock::now();
  CHECK(f.mda->retire(f.alice, soon()));
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(90));
  ends.join();
}

TEST_CASE("an attempt that died in a mailbox that is then retired is still known when it is adopted back") {
  Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  f.deliver(first);
  const auto week = *fs::directory_iterator(f.home() / ".pigeon/done");
  fs::rename(week.path() / "q1", f.home() / ".pigeon/pending/q1");
  // A retry that read the stamp before the mailbox was retired, as it looks again.
  REQUIRE(f.mda->retire(f.alice, soon()));
  const FakeDelivery again(f.alice, "q1", "one\n");
  f.deliver(again);
  CHECK(again.status() != PIGEON_OK);
  CHECK(fs::exists(f.home() / ".pigeon/pending/q1"));
  REQUIRE(f.mda->adopt(f.alice, soon()));
  const FakeDelivery last(f.alice, "q1", "one\n");
  f.deliver(last);
  CHECK(last.was_there());
  CHECK(f.list(f.alice).size() == 1);
}

TEST_CASE("a message that is moved keeps its time and marks, and its folder is made") {
  Fixture f;
  FakeDelivery moved(f.alice, first_id, "Subject: x\n\nx\n", "Work/Reports");
  moved.move(kThen, PIGEON_MARK_SEEN | PIGEON_MARK_ANSWERED | PIGEON_MARK_FLAGGED | PIGEON_MARK_DELETED |
                        PIGEON_MARK_DRAFT);
  f.deliver(moved);
  REQUIRE(moved.status() == PIGEON_OK);
  const fs::path stored(moved.stored());
  CHECK(stored.parent_path() == f.maildir() / ".Work.Reports/cur");
  CHECK(stored.filename().string().rfind(std::to_string(kThen) + ".", 0) == 0);
  CHECK(stored.string().find(":2,DFRST") != std::string::npos);
  struct stat status = {};
  REQUIRE(::stat(stored.c_str(), &status) == 0);
  CHECK(status.st_mtime == kThen);
  const auto entry = f.list(f.alice).at(0);
  CHECK(entry.folder == "Work/Reports");
  CHECK(entry.received == kThen);
  CHECK(entry.marks == 31);
  CHECK(entry.id == first_id);
  CHECK(f.read(f.alice, entry.folder, entry.name) == moved.whole());

  FakeDelivery unread(f.alice, "m2", "y\n", "Work/Reports");
  unread.move(0, 0);
  f.deliver(unread);
  CHECK(fs::path(unread.stored()).parent_path() == f.maildir() / ".Work.Reports/new");
  FakeDelivery again(f.alice, first_id, "Subject: x\n\nx\n", "Work/Reports");
  again.move(kThen, PIGEON_MARK_SEEN);
  f.deliver(again);
  CHECK(again.was_there());
}

TEST_CASE("what is brought again and again is known, however long ago it was stored") {
  Fixture f;
  const auto bring = [&](const std::string& id) {
    FakeDelivery moved(f.alice, id, "x\n");
    moved.move(kThen, 0);
    f.deliver(moved);
    REQUIRE(moved.status() == PIGEON_OK);
    return moved.was_there();
  };
  const auto done = f.home() / ".pigeon/done";
  CHECK_FALSE(bring("old"));
  for (int run = 0; run < 2; ++run) {
    // Weeks pass, and nothing is brought; then something new is brought first.
    const fs::path week = *fs::directory_iterator(done);
    const auto past = done / std::to_string(std::stoi(week.filename()) - 4);
    fs::rename(week, past);
    CHECK_FALSE(bring("new in run " + std::to_string(run)));
    CHECK(bring("old"));
    fs::remove_all(past);
    CHECK(bring("old"));
  }
}

TEST_CASE("no quota keeps out a message that is moved, and it counts") {
  Fixture f;
  const pigeon::Attributes quota = {{"quotaMessages", {"1"}}};
  for (const auto* id : {"m1", "m2", "m3"}) {
    FakeDelivery moved(f.alice, id, "x\n", "", quota);
    moved.move(kThen, 0);
    f.deliver(moved);
    CHECK(moved.status() == PIGEON_OK);
  }
  const auto usage = f.mda->usage(f.alice, pigeon::Settings(quota), false, soon());
  REQUIRE(usage);
  CHECK(usage->messages == 3);
  CHECK(usage->bytes == 6);
  CHECK(usage->messages_limit == 1);
  CHECK(usage->bytes_limit == 0);
}

TEST_CASE("what was noted of the usage is corrected by counting") {
  Fixture f;
  const pigeon::Attributes quota = {{"quotaBytes", {"1000"}}};
  const FakeDelivery delivery(f.alice, "q1", "x\n", "", quota);
  f.deliver(delivery);
  const auto bytes = delivery.whole().size();
  f.directory.write("base/d/alice/Maildir/maildirsize", "1000S\n700 7\n");
  CHECK(f.mda->usage(f.alice, pigeon::Settings(quota), false, soon())->bytes == 700);
  CHECK(f.mda->usage(f.alice, pigeon::Settings(quota), true, soon())->bytes == bytes);
  CHECK(f.mda->usage(f.alice, pigeon::Settings(quota), false, soon())->messages == 1);
  // Without a quota nothing is noted, and so it is counted.
  CHECK(f.mda->usage(f.alice, pigeon::Settings(), false, soon())->bytes == bytes);
}

TEST_CASE("mail for the trash is no way around the quota") {
  Fixture f;
  const pigeon::Attributes quota = {{"quotaMessages", {"2"}}, {"createFolders", {"TRUE"}}};
  for (int number = 0; number < 4; ++number) {
    const FakeDelivery delivery(f.alice, "t" + std::to_string(number), "x\n", "Trash", quota);
    f.deliver(delivery);
    CHECK((delivery.status() == PIGEON_OK) == (number < 2));
  }
  // And takes nothing away from the rest.
  const FakeDelivery other(f.alice, "q", "x\n", "", quota);
  f.deliver(other);
  CHECK(other.status() == PIGEON_OK);
  CHECK(f.mda->usage(f.alice, pigeon::Settings(quota), false, soon())->messages == 1);
}

TEST_CASE("a Maildir that another program made is listed and read without a stamp, and not written to") {
  const Fixture f;
  const auto foreign = f.foreign({{"new/1000000000.1.other", "new"},
                                  {"cur/1000000001.2.other:2,RS", "old"},
                                  {"cur/no-time:2,", "older"},
                                  {".Sent.2020/cur/1000000003.4.other:2,S", "sent"},
                                  {".Half/cur/1000000004.5.other:2,", "folder without new and tmp"},
                                  {"tmp/1000000005.6.other", "half"},
                                  {"cur/.hidden", "no message"}});
  std::map<std::string, Entry> found;
  for (const auto& entry : f.list(foreign)) found[f.read(foreign, entry.folder, entry.name)] = entry;
  REQUIRE(found.size() == 5);
  CHECK(found["new"].folder == "INBOX");
  CHECK(found["new"].received == kThen);
  CHECK(found["old"].marks == (PIGEON_MARK_ANSWERED | PIGEON_MARK_SEEN));
  CHECK(found["sent"].folder == "Sent/2020");
  CHECK(found["folder without new and tmp"].folder == "Half");
  CHECK(found["older"].received > kThen);
  CHECK(found["new"].id.empty());
  std::size_t files = 0;
  for (const auto& each : fs::recursive_directory_iterator(f.directory.path() / "other")) {
    files += each.is_regular_file() ? 1U : 0U;
  }
  CHECK(files == 7);

  fs::create_directories(f.directory.path() / "above");
  fs::rename(f.directory.path() / "other", f.directory.path() / "above/Maildir");
  const Allocation above{.id = "", .attributes = {{"home", {f.directory / "above"}}}};
  CHECK(f.list(above).size() == 5);
  for (const auto& path : {std::string("relative"), std::string("/nonexistent"), f.directory / "base"}) {
    const Allocation wrong{.id = "", .attributes = {{"home", {path}}}};
    CHECK_FALSE(f.mda->list(wrong, soon(), [](const Entry&) { return true; }));
  }
}

TEST_CASE("two messages with one name are two, and none is followed out of the mailbox") {
  const Fixture f;
  const auto foreign = f.foreign({{"new/1000000000.1.other", "a"},
                                  {"cur/1000000000.1.other", "b"},
                                  {"cur/1000000000.1.other:2,S", "c"},
                                  {"cur/1000000009.1.other:2,", "d"}});
  fs::create_symlink("/etc/passwd", f.directory.path() / "other/cur/1000000002.1.link:2,S");
  fs::create_directory(f.directory.path() / "other/cur/1000000003.1.directory");
  std::map<std::string, int> found;
  for (const auto& entry : f.list(foreign)) ++found[f.read(foreign, entry.folder, entry.name)];
  CHECK(found == std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}});
}

TEST_CASE("names tell time, marks and token, and nonsense tells nothing") {
  using namespace mda_maildir;
  CHECK(marks_in("x:2,DFRST") == 31);
  CHECK(marks_in("x:2,Sab") == PIGEON_MARK_SEEN);
  CHECK(marks_in("x") == 0);
  CHECK(marks_in("x:1,S") == 0);
  CHECK(marks_as_text(PIGEON_MARK_SEEN | PIGEON_MARK_FLAGGED) == ":2,FS");
  CHECK(marks_as_text(0x100) == "");
  CHECK(time_in("1000.x") == 1000);
  CHECK_FALSE(time_in("18446744073709551615.x"));
  CHECK_FALSE(time_in("x.1"));
  CHECK(token_in("1.M2P3T" + first_id + ".host,S=1:2,S") == first_id);
  for (const auto& name : std::vector<std::string>{
           "", ".", "..", "1.T.h", "1.M2P3Tshort.host", "1.M2P3X" + first_id + ".host", "1.M2P3T" + first_id,
           first_id + "." + first_id, "T" + first_id + ".host", "1." + first_id + ".h"}) {
    CAPTURE(name);
    CHECK_FALSE(token_in(name));
  }
}
