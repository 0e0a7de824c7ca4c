// SPDX-License-Identifier: MIT
//
// Deliveries to an mbox, step by step.
#include "fixture.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

using mda_mbox::testing::Fixture;
using mda_mbox::testing::nobody_and_time;
using pigeon::testing::FakeDelivery;

TEST_CASE("a new mailbox is an empty file, for nobody else to read") {
  const Fixture f;
  struct stat status = {};
  REQUIRE(::stat(f.mbox().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  CHECK(status.st_size == 0);
  CHECK(f.content("base/d/.alice.pigeon/allocation") == "id-of-alice\n");
}

TEST_CASE("messages stand one behind the other, each with its line and an empty line behind it") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q1", "Subject: a\n\nFrom me\n");
  const FakeDelivery second(f.alice, "q2", "Subject: b\n\nno end");
  f.deliver({&first});
  f.deliver({&second});
  CHECK(first.status() == PIGEON_OK);
  CHECK(first.stored() == f.mbox().string());
  CHECK(f.without_times() == nobody_and_time + "Return-Path: <>\nSubject: a\n\n>From me\n\n" +
                                 nobody_and_time +
                                 "Pigeon-Kept-End: no newline\nReturn-Path: <>\nSubject: b\n\nno end\n\n");
}

TEST_CASE("whatever another program has left at the end, the next message begins behind an empty line") {
  for (const std::string left : {"x\n\n", "x\n", "x", "x\r\n\r\n", "x\r\n", "", "\n", "\n\n"}) {
    CAPTURE(left);
    const Fixture f;
    f.write("base/d/alice", left.empty() ? "" : "From bob Sun Sep  9 01:46:40 2001\na: b\n\n" + left);
    const FakeDelivery delivery(f.alice, "q1", "Subject: a\n\nx\n");
    f.deliver({&delivery});
    CHECK(delivery.status() == PIGEON_OK);
    const auto at = f.whole().rfind("\nFrom ");
    if (!left.empty()) {
      CHECK((f.whole().substr(at - 1, 1) == "\n" || f.whole().substr(at - 2, 2) == "\n\r"));
      CHECK(f.list().size() == 2);
    }
    CHECK(f.read(f.list().back()) == delivery.whole());
  }
}

TEST_CASE("the same unique id is stored once, also in one batch, by another instance, and after a reader") {
  Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  const FakeDelivery same(f.alice, "q1", "one\n");
  f.deliver({&first, &same});
  CHECK(same.status() == PIGEON_OK);
  CHECK_FALSE(first.was_there());
  CHECK(same.was_there());
  f.write("base/d/alice", "");  // read and removed
  f.open();
  const FakeDelivery again(f.alice, "q1", "one\n");
  f.deliver({&again});
  CHECK(again.was_there());
  CHECK(f.whole().empty());
}

TEST_CASE("equal bytes under another id are another message, whatever a reader has done to the first") {
  const Fixture f;
  const std::string report = "Subject: report\n\nx\n";
  const std::string left = "From bob Sun Sep  9 01:46:40 2001\nSubject: left\n\nx\n\n";
  const FakeDelivery first(f.alice, "q1", report);
  f.deliver({&first});
  // Moved behind what is known of the file, and then removed.
  const auto whole = f.whole();
  f.write("base/d/alice", left + left + left + whole);
  const FakeDelivery other(f.alice, "q2", "other\n");
  f.deliver({&other});
  f.write("base/d/alice", left);
  const FakeDelivery second(f.alice, "q3", report);
  f.deliver({&second});
  CHECK_FALSE(second.was_there());
  // The same with what another program has put there, and removed.
  f.append("base/d/alice",
           left + "From bob Sun Sep  9 01:46:40 2001\nReturn-Path: <>\nSubject: foreign\n\nx\n\n");
  const FakeDelivery another(f.alice, "q4", "other\n");
  f.deliver({&another});
  f.write("base/d/alice", left);
  const FakeDelivery third(f.alice, "q5", "Subject: foreign\n\nx\n");
  f.deliver({&third});
  CHECK_FALSE(third.was_there());
  CHECK(f.list().size() == 2);
}

TEST_CASE("equal messages without a queue id are as many messages") {
  const Fixture f;
  for (int round = 0; round < 3; ++round) {
    const FakeDelivery delivery(f.alice, "h", "one\n", "", {}, false);
    f.deliver({&delivery});
    CHECK_FALSE(delivery.was_there());
  }
  CHECK(f.list().size() == 3);
}

TEST_CASE("a batch is one append") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  f.deliver({&first});
  struct stat before = {};
  ::stat(f.mbox().c_str(), &before);
  std::vector<std::unique_ptr<FakeDelivery>> many;
  std::vector<const FakeDelivery*> batch;
  for (int number = 0; number < 64; ++number) {
    many.push_back(
        std::make_unique<FakeDelivery>(f.alice, "b" + std::to_string(number), std::string(4096, 'x')));
    batch.push_back(many.back().get());
  }
  f.deliver(batch);
  for (const auto& each : many) CHECK(each->status() == PIGEON_OK);
  CHECK(f.list().size() == 65);
}

// In a child that dies as soon as the mbox would be larger than this.
void die_while_appending(const Fixture& f, const FakeDelivery& delivery, rlim_t largest) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit limit = {largest, largest};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    static_cast<void>(::signal(SIGXFSZ, SIG_DFL));
    const rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    f.deliver({&delivery});
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGXFSZ);
}

TEST_CASE("what an attempt that was killed has left is cut off, and the message is stored once") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q0", "one\n");
  f.deliver({&first});
  const auto before = f.whole();
  for (const std::size_t length : {300'000UL, 9'000'000UL}) {
    const std::string body(length, 'x');
    const auto size = f.whole().size();
    const FakeDelivery killed(f.alice, "q" + std::to_string(body.size()), body);
    die_while_appending(f, killed, body.size() < 1'000'000 ? 65'536 : 8'392'704);
    CHECK(f.whole().size() > size);
    const FakeDelivery other(f.alice, "o" + std::to_string(body.size()), "other\n");
    f.deliver({&other});
    CHECK(other.status() == PIGEON_OK);
    CHECK(f.whole().size() < size + 1000);
    const FakeDelivery again(f.alice, "q" + std::to_string(body.size()), body);
    f.deliver({&again});
    CHECK(again.status() == PIGEON_OK);
    CHECK_FALSE(again.was_there());
    CHECK(f.read(f.list().back()) == again.whole());
  }
  CHECK(f.list().size() == 5);
  CHECK(f.whole().substr(0, before.size()) == before);
}

TEST_CASE("what an attempt that was killed has left is not listed, and retiring cuts it off") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q0", "one\n");
  f.deliver({&first});
  const auto before = f.whole();
  const FakeDelivery killed(f.alice, "q1", std::string(300'000, 'x'));
  die_while_appending(f, killed, 65'536);
  CHECK(f.list().size() == 1);
  CHECK(f.whole() != before);
  REQUIRE(f.mda->retire(f.alice, Fixture::soon()));
  CHECK(f.whole() == before);
  CHECK(f.list().size() == 1);
}

TEST_CASE(
    "what an attempt has stored whole that was killed before it could tell keeps its id when it is moved") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  const FakeDelivery second(f.alice, "q2", "two\n");
  const auto state = f.content("base/d/.alice.pigeon/state");
  f.deliver({&first, &second});
  auto ledger = f.snapshot_of_ledger();
  REQUIRE(ledger.size() == 1);
  auto& text = ledger.begin()->second;
  text.resize(text.find("\nq1 "));
  f.restore_ledger(ledger);
  f.write_intent(state, f.whole());
  const FakeDelivery at_once(f.alice, "q1", "one\n");
  std::vector<pigeon::Delivery> batch = {at_once.delivery()};
  f.another()->deliver(batch);
  CHECK(at_once.was_there());
  f.restore_ledger(ledger);
  f.write_intent(state, f.whole());
  REQUIRE(f.another()->retire(f.alice, Fixture::soon()));
  const auto entries = f.list();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].id == "q1");
  CHECK(entries[1].id == "q2");
  REQUIRE(f.mda->adopt(f.alice, Fixture::soon()));
  const FakeDelivery again(f.alice, "q2", "two\n");
  f.deliver({&again});
  CHECK(again.was_there());
  CHECK(f.list().size() == 2);
}

TEST_CASE("what was answered is not cut off, though an intent that nobody could end still stands") {
  const Fixture f;
  const auto state = f.content("base/d/.alice.pigeon/state");
  const FakeDelivery first(f.alice, "q1", std::string(6000, 'x') + "\n");
  const FakeDelivery second(f.alice, "q2", "two\n");
  f.deliver({&first, &second});
  // As if it had been killed behind the ledger; then a reader removes the second message, and what is left
  // happens to end with a block.
  f.write_intent(state, f.whole());
  const auto left = f.whole().substr(0, 4096);
  f.write("base/d/alice", left);
  const FakeDelivery other(f.alice, "q3", "three\n");
  f.deliver({&other});
  CHECK(other.status() == PIGEON_OK);
  CHECK(pigeon::starts_with(f.whole(), left));
}

TEST_CASE("what another program has appended to a piece of ours is not cut off") {
  const Fixture f;
  const FakeDelivery killed(f.alice, "q1", std::string(300'000, 'x'));
  die_while_appending(f, killed, 65'536);
  f.append("base/d/alice",
           "\n\nFrom bob Sun Sep  9 01:46:40 2001\na: b\n\n" + std::string(5000, 'z') + "\n\n");
  const FakeDelivery again(f.alice, "q1", std::string(300'000, 'x'));
  f.deliver({&again});
  CHECK(again.status() == PIGEON_OK);
  CHECK(f.list().size() == 3);
  CHECK(f.whole().find(std::string(5000, 'z')) != std::string::npos);
  CHECK(f.read(f.list().back()) == again.whole());
}

TEST_CASE("an attempt that was killed before it could tell is recognised, also after other mail has come") {
  for (const bool is_unique : {true, false}) {
    Fixture f;
    const FakeDelivery first(f.alice, "q1", "one\n", "", {}, is_unique);
    const auto ledger = f.snapshot_of_ledger();
    const auto state = f.content("base/d/.alice.pigeon/state");
    f.deliver({&first});
    // As if it had been killed behind the flush: the ledger is as it was, and the intent stands.
    f.restore_ledger(ledger);
    f.write_intent(state, f.whole());
    f.open();
    f.append("base/d/alice", "From bob Sun Sep  9 01:46:40 2001\na: b\n\nz\n\n");
    const FakeDelivery other(f.alice, "q2", "two\n");
    f.deliver({&other});
    f.open();
    const FakeDelivery again(f.alice, "q1", "one\n", "", {}, is_unique);
    f.deliver({&again});
    CHECK(again.status() == PIGEON_OK);
    CHECK(again.was_there());
    CHECK(f.list().size() == 3);
    const FakeDelivery equal(f.alice, "q3", "one\n", "", {}, false);
    f.deliver({&equal});
    CHECK_FALSE(equal.was_there());
  }
}

TEST_CASE(
    "a message that cannot be written leaves the file as it was, and the others of its batch are stored") {
  const Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  f.deliver({&first});
  const auto before = f.whole();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    static_cast<void>(::signal(SIGXFSZ, SIG_IGN));  // as the host has it
    const rlimit limit = {100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const FakeDelivery small(f.alice, "q2", "two\n");
    const FakeDelivery large(f.alice, "q3", std::string(200'000, 'x'));
    const FakeDelivery last(f.alice, "q4", "four\n");
    f.deliver({&small, &large, &last});
    const bool is_right = small.status() == PIGEON_OK && last.status() == PIGEON_OK &&
                          PIGEON_STATUS_RANGE(large.status()) == PIGEON_TEMPORARY &&
                          !large.failure().may_have_happened;
    ::_exit(is_right ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(f.list().size() == 3);
  CHECK(f.whole().substr(0, before.size()) == before);
  CHECK(f.whole().find("xxxx") == std::string::npos);
}

TEST_CASE("a file of more than two gigabytes is appended to, listed behind them, and read") {
  const Fixture f;
  constexpr off_t kSize = (5LL << 30) + 17;
  f.write("base/d/alice", "From bob Sun Sep  9 01:46:40 2001\na: b\n\n");
  REQUIRE(::truncate(f.mbox().c_str(), kSize) == 0);
  // Another program's: adopted, so that nobody looks through all of it.
  REQUIRE(f.mda->retire(f.alice, Fixture::soon()));
  REQUIRE(f.mda->adopt(f.alice, Fixture::soon()));
  const FakeDelivery delivery(f.alice, "q1", "Subject: a\n\nx\n");
  f.deliver({&delivery});
  CHECK(delivery.status() == PIGEON_OK);
  struct stat status = {};
  REQUIRE(::stat(f.mbox().c_str(), &status) == 0);
  CHECK(status.st_size > kSize);
  const pigeon::Fd file(::open(f.mbox().c_str(), O_RDONLY));
  std::string tail(static_cast<std::size_t>(status.st_size - kSize), '\0');
  REQUIRE(::pread(file.get(), tail.data(), tail.size(), kSize) == static_cast<ssize_t>(tail.size()));
  CHECK(pigeon::starts_with(tail, "\n\nFrom MAILER-DAEMON "));
  CHECK(tail.ends_with(delivery.whole() + "\n"));
}

TEST_CASE("a mailbox that is gone, foreign, unstamped or retired is temporary, and says what to do") {
  struct Case {
    std::string what;
    std::string remedy;
    std::function<void(Fixture&)> damage;
  };
  const std::vector<Case> cases = {
      {"it is gone", "purge", [](Fixture& f) { std::filesystem::remove(f.mbox()); }},
      {"it is gone", "purge", [](Fixture& f) { std::filesystem::remove_all(f.directory.path() / "base/d"); }},
      {"stamp", "adopt", [](Fixture& f) { std::filesystem::remove(f.own() / "allocation"); }},
      {"stamp", "adopt", [](Fixture& f) { std::filesystem::remove_all(f.own()); }},
      {"is stamped with allocation other", "pigeonctl tree export",
       [](Fixture& f) { f.write("base/d/.alice.pigeon/allocation", "other\n"); }},
      {"not marked", "mount",
       [](Fixture& f) { std::filesystem::remove(f.directory.path() / "base/.pigeon-base"); }},
      {"retired", "--resume", [](Fixture& f) { REQUIRE(f.mda->retire(f.alice, Fixture::soon())); }},
      {"not a file of this mailbox alone", "other",
       [](Fixture& f) { std::filesystem::create_hard_link(f.mbox(), f.directory.path() / "second"); }},
      {"", "link",
       [](Fixture& f) {
         std::filesystem::rename(f.mbox(), f.directory.path() / "elsewhere");
         std::filesystem::create_symlink(f.directory.path() / "elsewhere", f.mbox());
       }},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    Fixture f;
    each.damage(f);
    const FakeDelivery delivery(f.alice, "q1", "one\n");
    f.deliver({&delivery});
    CHECK(PIGEON_STATUS_RANGE(delivery.status()) == PIGEON_TEMPORARY);
    CHECK(delivery.failure().detail.find(each.what) != std::string::npos);
    CHECK(delivery.failure().remedy.find(each.remedy) != std::string::npos);
  }
}

TEST_CASE("a file that is there without a stamp is not taken over, and what is adopted is left as it was") {
  Fixture f;
  const pigeon::Allocation bob{
      .id = "id-of-bob", .attributes = {{"home", {"d/bob"}}}, .principal = {"d", "bob"}};
  const std::string text = "From bob Sun Sep  9 01:46:40 2001\na: b\n\nx\n\n";
  f.write("base/d/bob", text);
  CHECK_FALSE(f.mda->ensure(bob, Fixture::soon()));
  CHECK(f.content("base/d/bob") == text);
  REQUIRE(f.mda->adopt(bob, Fixture::soon()));
  CHECK(f.content("base/d/bob") == text);
  const FakeDelivery delivery(bob, "q1", "one\n");
  f.deliver({&delivery});
  CHECK(delivery.status() == PIGEON_OK);
  CHECK(f.content("base/d/bob").substr(0, text.size()) == text);
  f.write("base/d/carol", "no mbox\n");
  const pigeon::Allocation carol{.id = "id-of-carol", .attributes = {{"home", {"d/carol"}}}};
  CHECK_FALSE(f.mda->adopt(carol, Fixture::soon()));
}

TEST_CASE("no mailbox can be taken for the lock or the folders of another") {
  const Fixture f;
  for (const std::string user : {"alice.lock", "alice.folders", "alice.lock=", "alice"}) {
    CAPTURE(user);
    const auto proposed = f.mda->propose({"d", user}, {});
    REQUIRE(proposed);
    const std::string home(proposed->get("home").value_or(""));
    CHECK_FALSE(home.ends_with(".lock"));
    CHECK_FALSE(home.ends_with(".folders"));
  }
  for (const std::string home : {"d/x.lock", "d/.x", "d/x.folders", ".x", "../x", "/etc/x"}) {
    CAPTURE(home);
    CHECK_FALSE(f.mda->propose({"d", "x"}, {{"home", {home}}}));
  }
}

TEST_CASE("folders are files of a directory beside the mbox") {
  const Fixture f;
  const FakeDelivery none(f.alice, "q1", "one\n", "Work");
  f.deliver({&none});
  CHECK(none.had_no_such_folder());
  CHECK(f.list().at(0).folder == "INBOX");
  int number = 1;
  for (const std::string folder : {"Work/Reports", "Work", "Work/lock", "\xc3\x84rger", ".a.b", "a=b c"}) {
    CAPTURE(folder);
    const FakeDelivery made(f.alice, "q" + std::to_string(++number), "two\n", folder,
                            {{"createFolders", {"TRUE"}}});
    f.deliver({&made});
    CHECK(made.status() == PIGEON_OK);
    CHECK_FALSE(made.had_no_such_folder());
    const auto entries = f.list();
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry.folder == folder; });
    REQUIRE(found != entries.end());
    CHECK(f.read(*found) == made.whole());
  }
  CHECK(std::filesystem::exists(f.directory.path() / "base/d/alice.folders/Work.Reports"));
  for (const std::string folder : {"../x", "a//b", "/", "a\nb", "\xff"}) {
    CAPTURE(folder);
    const FakeDelivery bad(f.alice, "q" + std::to_string(++number), "three\n", folder,
                           {{"createFolders", {"TRUE"}}});
    f.deliver({&bad});
    CHECK(bad.status() == PIGEON_OK);
    if (folder != "../x") CHECK(bad.had_no_such_folder());
  }
  CHECK_FALSE(std::filesystem::exists(f.directory.path() / "base/d/x"));
}

TEST_CASE("a quota counts all files, and is met only by new mail") {
  const Fixture f;
  const pigeon::Attributes two = {{"quotaMessages", {"2"}}};
  for (int number = 1; number <= 3; ++number) {
    const FakeDelivery delivery(f.alice, "q" + std::to_string(number), "one\n", "", two);
    f.deliver({&delivery});
    CHECK(delivery.status() == (number <= 2 ? PIGEON_OK : PIGEON_NO_SPACE));
  }
  FakeDelivery moved(f.alice, "q4", "one\n", "Folder", two);
  moved.move(1'000'000'000, 0);
  f.deliver({&moved});
  CHECK(moved.status() == PIGEON_OK);
  const auto usage = f.mda->usage(f.alice, pigeon::Settings(two), false, Fixture::soon());
  REQUIRE(usage);
  CHECK(usage->messages == 3);
  CHECK(usage->messages_limit == 2);
  const auto size = std::filesystem::file_size(f.mbox()) +
                    std::filesystem::file_size(f.directory.path() / "base/d/alice.folders/Folder");
  CHECK(usage->bytes == size);
  // A reader removes them: counted anew without being asked to.
  f.write("base/d/alice", "");
  const FakeDelivery after(f.alice, "q5", "one\n", "", two);
  f.deliver({&after});
  CHECK(after.status() == PIGEON_OK);
  const FakeDelivery large(f.alice, "q6", std::string(5000, 'x'), "",
                           {{"quotaBytes", {"4k"}}, {"overQuota", {"reject"}}});
  f.deliver({&large});
  CHECK(large.status() == PIGEON_REFUSED);
}

TEST_CASE("purging deletes the mail and what is ours, and nothing else") {
  const Fixture f;
  FakeDelivery moved(f.alice, "q1", "one\n", "Folder");
  moved.move(0, 0);
  f.deliver({&moved});
  f.write("base/d/other", "x");
  for (int round = 0; round < 2; ++round) REQUIRE(f.mda->purge(f.alice, Fixture::soon()));
  CHECK(std::filesystem::exists(f.directory.path() / "base/d/other"));
  std::filesystem::remove(f.directory.path() / "base/d/other");
  CHECK(std::filesystem::is_empty(f.directory.path() / "base/d"));
}
