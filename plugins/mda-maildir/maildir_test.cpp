// SPDX-License-Identifier: MIT
#include "fixture.hpp"

#include <pigeon/sdk/file.hpp>

#include <doctest/doctest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <string>

namespace fs = std::filesystem;

using mda_maildir::testing::Fixture;
using mda_maildir::testing::soon;
using pigeon::Allocation;
using pigeon::testing::FakeDelivery;

TEST_CASE(
    "a message is stored byte for byte under a name with its sizes, and nothing is left in tmp or pending") {
  Fixture f;
  int count = 0;
  for (const auto& body :
       {std::string(), std::string("Subject: x\n\nx\n"), std::string("no end"), std::string("a\r\nb\r\n"),
        std::string("nul\0\xff\n", 6), std::string(300'000, 'x')}) {
    const FakeDelivery delivery(f.alice, "id" + std::to_string(++count), body);
    f.deliver({&delivery});
    REQUIRE(delivery.status() == PIGEON_OK);
    const fs::path stored(delivery.stored());
    CHECK(f.content(stored) == delivery.whole());
    CHECK(stored.filename().string().find(",S=" + std::to_string(delivery.whole().size())) !=
          std::string::npos);
    struct stat status = {};
    REQUIRE(::stat(stored.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
    CHECK(status.st_nlink == 1);
  }
  CHECK(f.files(f.maildir() / "tmp").empty());
  CHECK(f.files(f.home() / ".pigeon/pending").empty());
}

TEST_CASE("W counts every line end as two bytes") {
  Fixture f;
  const FakeDelivery delivery(f.alice, "q", "a\nb\r\n\nc");  // and the prefix "Return-Path: <>\n"
  f.deliver({&delivery});
  CHECK(delivery.stored().find(",S=23,W=26") != std::string::npos);
}

TEST_CASE("the same id is stored once, also when a reader has moved, flagged or deleted the message") {
  Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  f.deliver({&first});
  const FakeDelivery again(f.alice, "q1", "one\n");
  f.deliver({&again});
  CHECK(again.status() == PIGEON_OK);
  CHECK(again.was_there());
  CHECK(f.fresh().size() == 1);

  const auto stored = f.fresh().front();
  fs::rename(stored, f.maildir() / "cur" / (stored.filename().string() + ":2,S"));
  const FakeDelivery moved(f.alice, "q1", "one\n");
  f.deliver({&moved});
  CHECK(moved.was_there());
  fs::remove(f.files(f.maildir() / "cur").front());
  const FakeDelivery deleted(f.alice, "q1", "one\n");
  f.deliver({&deleted});
  CHECK(deleted.was_there());
  CHECK(f.fresh().empty());
}

TEST_CASE("an attempt that died after the message appeared is completed, wherever the message is now") {
  for (const std::string where : {"new", "cur", ".Folder/cur"}) {
    CAPTURE(where);
    Fixture f;
    for (const auto* part : {"tmp", "new", "cur"}) fs::create_directories(f.maildir() / ".Folder" / part);
    const FakeDelivery first(f.alice, "q1", "one\n");
    f.deliver({&first});
    // As if the process had been killed before the last step.
    const auto week = f.files(f.home() / ".pigeon/done").front();
    fs::rename(week / "q1", f.home() / ".pigeon/pending/q1");
    const auto stored = f.fresh().front();
    if (where != "new") fs::rename(stored, f.maildir() / where / (stored.filename().string() + ":2,"));
    const FakeDelivery again(f.alice, "q1", "one\n");
    f.deliver({&again});
    CHECK(again.status() == PIGEON_OK);
    CHECK(again.was_there());
    CHECK(f.fresh().size() == (where == "new" ? 1 : 0));
    CHECK(f.files(f.home() / ".pigeon/pending").empty());
  }
}

TEST_CASE("an attempt that died before the message appeared is begun anew, and leaves nothing behind") {
  Fixture f;
  f.directory.write("base/d/alice/.pigeon/pending/q1", "");
  f.directory.write("base/d/alice/Maildir/tmp/q1", "half a mess");
  const FakeDelivery again(f.alice, "q1", "one\n");
  f.deliver({&again});
  CHECK(again.status() == PIGEON_OK);
  CHECK_FALSE(again.was_there());
  REQUIRE(f.fresh().size() == 1);
  CHECK(f.content(f.fresh().front()) == again.whole());
  CHECK(f.files(f.maildir() / "tmp").empty());
}

TEST_CASE("the same id, being delivered by another process now, is temporary") {
  Fixture f;
  const pigeon::Fd other(::open((f.home() / ".pigeon/pending/q1").c_str(), O_CREAT | O_RDONLY, 0600));
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);
  const FakeDelivery delivery(f.alice, "q1", "one\n");
  f.deliver({&delivery});
  CHECK(delivery.status() == PIGEON_BUSY);
  CHECK(f.fresh().empty());
}

TEST_CASE("without a queue id, equal messages are two; only an attempt that did not end is the same") {
  Fixture f;
  const FakeDelivery first(f.alice, "h", "one\n", "", {}, false);
  const FakeDelivery second(f.alice, "h", "one\n", "", {}, false);
  f.deliver({&first});
  f.deliver({&second});
  CHECK(f.fresh().size() == 2);
  // The first of two attempts appeared, and died; the third message is another one, which died before it
  // appeared.
  const auto stored = f.fresh().front().filename().string();
  const auto token = stored.substr(stored.find('T') + 1, 32);
  f.directory.write("base/d/alice/.pigeon/pending/h-" + token, "");
  const FakeDelivery third(f.alice, "h", "one\n", "", {}, false);
  f.deliver({&third});
  CHECK(third.was_there());
  CHECK(f.fresh().size() == 2);
  f.directory.write("base/d/alice/.pigeon/pending/h-0123456789abcdef0123456789abcdef", "");
  const FakeDelivery fourth(f.alice, "h", "one\n", "", {}, false);
  f.deliver({&fourth});
  CHECK_FALSE(fourth.was_there());
  CHECK(f.fresh().size() == 3);
  CHECK(f.files(f.home() / ".pigeon/pending").empty());
}

TEST_CASE("a batch stores each of its messages, for one mailbox or several, and one that fails fails alone") {
  Fixture f;
  const Allocation bob{.id = "id-of-bob", .attributes = {{"home", {"d/bob"}}}, .principal = {"d", "bob"}};
  const Allocation nobody{
      .id = "id-of-nobody", .attributes = {{"home", {"d/nobody"}}}, .principal = {"d", "nobody"}};
  REQUIRE(f.mda->ensure(bob, soon()));
  const FakeDelivery one(f.alice, "q1", "one\n");
  const FakeDelivery two(bob, "q2", "two\n");
  const FakeDelivery three(nobody, "q3", "three\n");
  const FakeDelivery four(f.alice, "q4", "four\n");
  const FakeDelivery same(f.alice, "q1", "one\n");
  f.deliver({&one, &two, &three, &four, &same});
  for (const auto* stored : {&one, &two, &four}) {
    CHECK(stored->status() == PIGEON_OK);
    CHECK(f.content(stored->stored()) == stored->whole());
  }
  CHECK(three.status() == PIGEON_MISCONFIGURED);
  CHECK(same.status() == PIGEON_OK);
  CHECK(same.was_there());
  CHECK(f.fresh().size() == 2);
}

TEST_CASE(
    "a folder is used if it is there, made if that is wanted, and else the message goes into the main one") {
  Fixture f;
  const FakeDelivery without(f.alice, "q1", "one\n", "Work");
  f.deliver({&without});
  CHECK(without.had_no_such_folder());
  CHECK(f.fresh().size() == 1);
  CHECK_FALSE(fs::exists(f.maildir() / ".Work"));

  const FakeDelivery created(f.alice, "q2", "two\n", "Work", {{"createFolders", {"TRUE"}}});
  f.deliver({&created});
  CHECK_FALSE(created.had_no_such_folder());
  CHECK(f.fresh(".Work").size() == 1);
  CHECK(fs::exists(f.maildir() / ".Work/maildirfolder"));

  const FakeDelivery existing(f.alice, "q3", "three\n", "Work");
  f.deliver({&existing});
  CHECK(f.fresh(".Work").size() == 2);

  const FakeDelivery hostile(f.alice, "q4", "four\n", "../../../etc", {{"createFolders", {"TRUE"}}});
  f.deliver({&hostile});
  CHECK(hostile.had_no_such_folder());
  CHECK(f.fresh().size() == 2);
}

TEST_CASE(
    "an attempt that nobody has retried for weeks is forgotten, with what it left in tmp, and nothing else") {
  for (const bool is_unique : {true, false}) {
    CAPTURE(is_unique);
    Fixture f;
    const FakeDelivery work(f.alice, "q1", "one\n", "Work", {{"createFolders", {"TRUE"}}});
    f.deliver({&work});
    fs::remove_all(f.home() / ".pigeon/done");
    fs::create_directory(f.home() / ".pigeon/done");
    const std::string own = "base/d/alice/.pigeon/pending/";
    const std::string maildir = "base/d/alice/Maildir/";
    // Each claim with its file: old ones, one that is held, one that is young; and a file of another program.
    for (const std::string entry : {"old", "other-old2", "held", "young"}) f.directory.write(own + entry, "");
    for (const std::string file : {"tmp/old", ".Work/tmp/old2", "tmp/held", "tmp/young", "tmp/a.program"})
      f.directory.write(maildir + file, "half");
    const auto weeks_ago = fs::file_time_type::clock::now() - std::chrono::hours(24 * 7 * 4);
    for (const std::string entry : {"old", "other-old2", "held"})
      fs::last_write_time(f.directory.path() / (own + entry), weeks_ago);
    fs::last_write_time(f.directory.path() / (maildir + "tmp/a.program"), weeks_ago);
    const pigeon::Fd lock(::open((f.directory / (own + "held")).c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);

    const FakeDelivery delivery(f.alice, "q2", "two\n", "", {}, is_unique);
    f.deliver({&delivery});
    CHECK(delivery.status() == PIGEON_OK);
    for (const std::string gone : {"tmp/old", ".Work/tmp/old2"}) CHECK_FALSE(fs::exists(f.maildir() / gone));
    for (const std::string kept : {"tmp/held", "tmp/young", "tmp/a.program"})
      CHECK(fs::exists(f.maildir() / kept));
    CHECK(f.files(f.home() / ".pigeon/pending").size() == 2);
  }
}

TEST_CASE("listing tells what is in every folder") {
  Fixture f;
  const FakeDelivery one(f.alice, "q1", "one\n");
  const FakeDelivery two(f.alice, "q2", "two\n", "Über", {{"createFolders", {"TRUE"}}});
  f.deliver({&one, &two});
  std::set<std::string> folders;
  REQUIRE(f.mda->list(f.alice, soon(), [&](const pigeon::Entry& entry) {
    CHECK(entry.bytes == 20);
    CHECK(entry.received > 1'700'000'000);
    folders.insert(entry.folder);
    return true;
  }));
  CHECK(folders == std::set<std::string>{"INBOX", "Über"});
}

TEST_CASE("a batch for one mailbox opens it once: it needs two descriptors for each message") {
  constexpr std::size_t kMessages = 200;
  Fixture f;
  REQUIRE(f.mda->ensure(f.alice, soon()));
  std::vector<std::unique_ptr<FakeDelivery>> deliveries;
  std::vector<pigeon::Delivery> batch;
  for (std::size_t each = 0; each < kMessages; ++each) {
    deliveries.push_back(std::make_unique<FakeDelivery>(f.alice, "q" + std::to_string(each), "one\n"));
    batch.push_back(deliveries.back()->delivery());
  }
  struct rlimit usual = {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const struct rlimit few = {2 * kMessages + 50, usual.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  f.mda->deliver(batch);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  for (const auto& each : deliveries) {
    CAPTURE(each->failure().detail);
    CHECK(each->status() == PIGEON_OK);
  }
  CHECK(f.fresh().size() == kMessages);
}
