// SPDX-License-Identifier: MIT
//
// Reading back, and storing what another mailbox held.
#include "fixture.hpp"

#include <set>
#include <string>

using mda_mbox::testing::Fixture;
using pigeon::testing::FakeDelivery;

namespace {
constexpr std::int64_t kThen = 1'000'000'000;
const std::string unique_id = "0123456789abcdef0123456789abcdef";
constexpr auto kGive = [](std::string_view) { return true; };
}  // namespace

TEST_CASE("a moved message keeps when it came, its marks, its folder, its id and every byte") {
  const Fixture f;
  FakeDelivery moved(f.alice, unique_id, "Return-Path: <bob@example.org>\nStatus: RO\n\nFrom x\nno end",
                     "Work/Reports");
  moved.move(kThen, PIGEON_MARK_SEEN | PIGEON_MARK_FLAGGED);
  f.deliver({&moved});
  REQUIRE(moved.status() == PIGEON_OK);
  CHECK_FALSE(moved.had_no_such_folder());
  const auto entry = f.list().at(0);
  CHECK(entry.folder == "Work/Reports");
  CHECK(entry.received == kThen);
  CHECK(entry.marks == (PIGEON_MARK_SEEN | PIGEON_MARK_FLAGGED));
  CHECK(entry.id == unique_id);
  CHECK(f.read(entry) == moved.whole());
  CHECK(pigeon::starts_with(f.content("base/d/alice.folders/Work.Reports"),
                            "From bob@example.org Sun Sep  9 01:46:40 2001\n"));
  FakeDelivery retried(f.alice, unique_id, "Return-Path: <bob@example.org>\nStatus: RO\n\nFrom x\nno end");
  f.deliver({&retried});
  CHECK(retried.was_there());
}

TEST_CASE("equal messages have the ids that they were stored under, each another one") {
  const Fixture f;
  for (const auto* folder : {"", "", "Work"}) {
    FakeDelivery moved(f.alice, "q" + std::to_string(f.list().size()), "x\n", folder);
    moved.move(kThen, 0);
    f.deliver({&moved});
    REQUIRE(moved.status() == PIGEON_OK);
  }
  std::multiset<std::string> ids;
  for (const auto& entry : f.list()) ids.insert(entry.id);
  CHECK(ids == std::multiset<std::string>{"q0", "q1", "q2"});
}

TEST_CASE("what is brought again and again is known, however long ago it was stored") {
  namespace fs = std::filesystem;
  Fixture f;
  const auto bring = [&](const std::string& id, bool is_moved = true) {
    f.open();
    FakeDelivery delivery(f.alice, id, "x\n");
    if (is_moved) delivery.move(kThen, 0);
    f.deliver({&delivery});
    REQUIRE(delivery.status() == PIGEON_OK);
    return delivery.was_there();
  };
  const auto weeks = [&] { return f.snapshot_of_ledger(); };
  CHECK_FALSE(bring("old"));
  for (int run = 0; run < 2; ++run) {
    // Weeks pass, and nothing is brought; then something new is brought first.
    REQUIRE(weeks().size() == 1);
    const auto week = weeks().begin()->first;
    const auto past = "stored." + std::to_string(std::stoi(week.substr(week.find('.') + 1)) - 4);
    fs::rename(f.own() / week, f.own() / past);
    CHECK_FALSE(bring("new" + std::to_string(run)));
    CHECK(weeks().size() == 2);
    CHECK(bring("old"));
    const auto kept = weeks();
    CHECK(bring("old"));
    CHECK(weeks() == kept);
    fs::remove(f.own() / past);
    CHECK(bring("old"));
  }
  // New mail is what forgets.
  const auto week = weeks().begin()->first;
  fs::rename(f.own() / week, f.own() / "stored.1");
  CHECK_FALSE(bring("mail", false));
  CHECK_FALSE(weeks().contains("stored.1"));
}

TEST_CASE("of what is brought again and again the last time is kept") {
  Fixture f;
  const auto bring = [&](const std::string& id) {
    f.open();
    FakeDelivery moved(f.alice, id, id + "\n");
    moved.move(kThen, 0);
    f.deliver({&moved});
    REQUIRE(moved.status() == PIGEON_OK);
    return moved.was_there();
  };
  CHECK_FALSE(bring("once"));
  for (int run = 0; run < 5; ++run) {
    CHECK_FALSE(bring("new" + std::to_string(run)));
    for (int id = 0; id < run; ++id) CHECK(bring("new" + std::to_string(id)));
    CHECK(f.snapshot_of_ledger().size() <= 3);
    f.let_weeks_pass(4);
  }
  CHECK(bring("once"));
}

TEST_CASE("an export of nothing new, week after week, keeps few weeks") {
  Fixture f;
  for (int run = 0; run < 10; ++run) {
    f.open();
    FakeDelivery moved(f.alice, "id", "x\n");
    moved.move(kThen, 0);
    f.deliver({&moved});
    CHECK(moved.was_there() == (run > 0));
    f.let_weeks_pass(1);
  }
  CHECK(f.snapshot_of_ledger().size() <= 4);
}

TEST_CASE("a message is found by its name when others before it are gone, and when a reader has marked it") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q1", "Subject: a\n\none\n");
  const FakeDelivery second(f.alice, "q2", "Subject: b\n\ntwo\n");
  f.deliver({&first, &second});
  const auto entries = f.list();
  const auto whole = f.whole();
  auto rest = whole.substr(whole.rfind("From "));
  rest.replace(rest.find("\n\n"), 1, "\nX-UID: 12\nStatus: RO\nX-Keywords:            \n");
  f.write("base/d/alice", rest);
  CHECK(f.read(entries.at(1)) == second.whole());
  CHECK(f.list().at(0).marks == PIGEON_MARK_SEEN);
  CHECK(f.list().at(0).id == "q2");
  const auto gone = f.mda->read(f.alice, "INBOX", entries.at(0).name, Fixture::soon(), kGive);
  REQUIRE_FALSE(gone);
  CHECK(gone.failure().status == PIGEON_NOT_THERE);
}

TEST_CASE("a folder that another program has made is listed, read and counted, however deep and long it is") {
  const Fixture f;
  const auto folders = f.directory.path() / "base/d/alice.folders";
  std::filesystem::create_directories(folders / "Projects/Old one");
  std::filesystem::create_directories(folders / ".imap/Projects");
  const std::string text = "From bob Sun Sep  9 01:46:40 2001\nSubject: precious\n\nx\n\n";
  const std::string long_name(252, 'n');
  for (const std::string file : {"Projects/2026", "Projects/Old one/2001", ".imap/Projects/x", "a b"})
    f.write("base/d/alice.folders/" + file, text);
  f.write("base/d/alice.folders/" + long_name, text);
  std::filesystem::create_directory_symlink(folders / "Projects", folders / "link");
  const auto entries = f.list();
  std::vector<std::string> found;
  for (const auto& entry : entries) {
    found.push_back(entry.folder);
    CHECK(f.read(entry) == "Subject: precious\n\nx\n");
  }
  CHECK(found == std::vector<std::string>{"Projects/2026", "Projects/Old one/2001", "a b", long_name});
  const auto usage = f.mda->usage(f.alice, pigeon::Settings(pigeon::Attributes{}), true, Fixture::soon());
  REQUIRE(usage);
  CHECK(usage->messages == 4);
  CHECK(usage->bytes == 4 * text.size());
  const FakeDelivery delivery(f.alice, "q1", "two\n", "Projects/2026");
  for (int round = 0; round < 2; ++round) f.deliver({&delivery});
  CHECK_FALSE(delivery.had_no_such_folder());
  CHECK(pigeon::starts_with(f.content("base/d/alice.folders/Projects/2026"), text + "From "));
  CHECK(f.list().size() == 5);
  auto deep = folders;
  for (int level = 0; level < 40; ++level) deep /= "d";
  std::filesystem::create_directories(deep);
  const auto too_deep = f.mda->list(f.alice, Fixture::soon(), [](const pigeon::Entry&) { return true; });
  REQUIRE_FALSE(too_deep);
  CHECK(too_deep.failure().detail.find("too deep") != std::string::npos);
}

TEST_CASE("a message that another program has changed is not taken for one that was removed") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q1", "Subject: a\nLines: 77\n\none\n");
  const FakeDelivery second(f.alice, "q2", "Subject: b\n\ntwo\n");
  const FakeDelivery third(f.alice, "q3", "Subject: c\n\nthree\n");
  f.deliver({&first, &second, &third});
  const auto entries = f.list();
  auto text = f.whole();
  // As mutt does.
  text.replace(text.find("\n\none"), 1, "\nStatus: RO\nContent-Length: 4\nLines: 1\n");
  f.write("base/d/alice", text);
  CHECK(f.read(entries.at(0)) == first.whole());
  text.replace(text.find("Subject: b"), 10, "Subject: B");
  f.write("base/d/alice", text);
  const auto status = [&](std::size_t number) {
    const auto done = f.mda->read(f.alice, "INBOX", entries.at(number).name, Fixture::soon(), kGive);
    return done ? PIGEON_OK : done.failure().status;
  };
  CHECK(PIGEON_STATUS_RANGE(status(1)) == PIGEON_TEMPORARY);
  f.write("base/d/alice", text.substr(0, text.rfind("From ")));
  CHECK(status(0) == PIGEON_OK);
  // One of the two is gone, and nobody knows which.
  CHECK(PIGEON_STATUS_RANGE(status(2)) == PIGEON_TEMPORARY);
  f.write("base/d/alice", text.substr(0, text.find("\nFrom ") + 1));
  CHECK(status(1) == PIGEON_NOT_THERE);
  CHECK(status(2) == PIGEON_NOT_THERE);
}

TEST_CASE("no name and no folder that is asked for leads anywhere else") {
  const Fixture f;
  for (const std::string name :
       {"", "0", "-", "0-", "x-0123456789abcdef", "0-0123456789abcde", "0-../../../etc/pass"}) {
    CHECK_FALSE(f.mda->read(f.alice, "INBOX", name, Fixture::soon(), kGive));
  }
  for (const std::string folder : {"../x", "/etc", ".", "nobody"})
    CHECK_FALSE(f.mda->read(f.alice, folder, "0-0123456789abcdef", Fixture::soon(), kGive));
}

TEST_CASE("an mbox of another program is listed and read by its path, and not touched") {
  const Fixture f;
  const std::string text =
      "From bob@example.org Sun Sep  9 01:46:40 2001\nSubject: a\nStatus: RO\n\n>From x\n\n"
      "From carol Sun Sep  9 03:46:40 2001 +0200\nSubject: b\n\ny\n";
  f.write("other", text);
  const pigeon::Allocation other{.id = "", .attributes = {{"home", {f.directory / "other"}}}};
  const auto entries = f.list(other);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].folder == "INBOX");
  CHECK(entries[0].marks == PIGEON_MARK_SEEN);
  CHECK(entries[1].received == kThen);
  CHECK(f.read(entries[0], other) == "Subject: a\n\nFrom x\n");
  CHECK(f.read(entries[1], other) == "Subject: b\n\ny\n");
  CHECK(f.content("other") == text);
  int files = 0;
  for (const auto& each : std::filesystem::directory_iterator(f.directory.path()))
    files += each.exists() ? 1 : 0;
  CHECK(files == 2);
  f.write("no-mbox", "hello\n");
  for (const auto& home : {f.directory / "no-mbox", f.directory / "none", f.directory / "base",
                           std::string("other"), std::string()}) {
    CAPTURE(home);
    const pigeon::Allocation bad{.id = "", .attributes = {{"home", {home}}}};
    CHECK_FALSE(f.mda->list(bad, Fixture::soon(), [](const pigeon::Entry&) { return true; }));
  }
}

TEST_CASE("folders that stand beside an mbox as ours do are read with it, and not touched") {
  const Fixture f;
  const auto folders = f.directory.path() / "other.folders";
  std::filesystem::create_directories(folders / "Projects");
  const auto text = [](const std::string& subject) {
    return "From bob@example.org Sun Sep  9 01:46:40 2001\nSubject: " + subject + "\n\nx\n\n";
  };
  f.write("other", text("main"));
  f.write("other.folders/Work.Reports", text("reports") + text("more"));
  f.write("other.folders/Projects/2026", text("project"));
  f.write("other.folders/Projects.2026", text("same"));
  f.write("other.folders/Work.lock", "");
  const auto before = f.directory.read("other.folders/Work.Reports");
  const pigeon::Allocation other{.id = "", .attributes = {{"home", {f.directory / "other"}}}};
  std::vector<std::string> found;
  for (const auto& entry : f.list(other)) found.push_back(entry.folder + ": " + f.read(entry, other));
  const auto read = [](const std::string& subject) { return "Subject: " + subject + "\n\nx\n"; };
  CHECK(found == std::vector<std::string>{"INBOX: " + read("main"), "Projects/2026: " + read("same"),
                                          "Projects/2026: " + read("project"),
                                          "Work/Reports: " + read("reports"),
                                          "Work/Reports: " + read("more")});
  CHECK(f.host.log().empty());
  CHECK(f.directory.read("other.folders/Work.Reports") == before);
  f.write("other.folders/notes", "no mail\n");
  const auto listed = f.mda->list(other, Fixture::soon(), [](const pigeon::Entry&) { return true; });
  REQUIRE_FALSE(listed);
  CHECK(listed.failure().detail.find("other.folders/notes: it is not an mbox") != std::string::npos);
}

TEST_CASE("where folders stand beside an mbox in another way, it is said that they are not read") {
  const Fixture f;
  f.write("other", "From bob@example.org Sun Sep  9 01:46:40 2001\nSubject: a\n\nx\n\n");
  const pigeon::Allocation other{.id = "", .attributes = {{"home", {f.directory / "other"}}}};
  CHECK(f.list(other).size() == 1);
  CHECK(f.host.log().empty());
  std::filesystem::create_directory(f.directory.path() / "other.sbd");
  CHECK(f.list(other).size() == 1);
  REQUIRE(f.host.log().size() == 1);
  CHECK(f.host.log().front().second.find("other.sbd") != std::string::npos);
}

TEST_CASE("listing stops when it is told to, and what is retired can still be read") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  const FakeDelivery second(f.alice, "q2", "two\n");
  f.deliver({&first, &second});
  REQUIRE(f.mda->retire(f.alice, Fixture::soon()));
  int seen = 0;
  REQUIRE(f.mda->list(f.alice, Fixture::soon(), [&](const pigeon::Entry&) { return ++seen < 1; }));
  CHECK(seen == 1);
  CHECK(f.read(f.list().at(1)) == second.whole());
}
