// SPDX-License-Identifier: MIT
//
// Where a mailbox is: made, stamped, adopted, purged; and what is not taken for one.
#include "fixture.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace fs = std::filesystem;

using mda_maildir::testing::EmptyBase;
using mda_maildir::testing::Fixture;
using mda_maildir::testing::soon;
using pigeon::Allocation;
using pigeon::testing::FakeDelivery;

TEST_CASE("a new mailbox has what a Maildir has, for nobody else to read") {
  Fixture f;
  for (const auto* name : {"tmp", "new", "cur"}) {
    struct stat status = {};
    REQUIRE(::stat((f.maildir() / name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0700);
  }
  CHECK(f.content(f.home() / ".pigeon/allocation") == "id-of-alice\n");
}

TEST_CASE("making a mailbox again changes nothing") {
  Fixture f;
  const FakeDelivery first(f.alice, "q1", "one\n");
  f.deliver({&first});
  REQUIRE(f.mda->ensure(f.alice, soon()));
  CHECK(f.fresh().size() == 1);
}

TEST_CASE("a mailbox that is gone, foreign or unstamped is temporary, with the command that mends it") {
  Fixture f;
  const auto expect = [&](const std::string& command) {
    const FakeDelivery delivery(f.alice, "q", "x\n");
    f.deliver({&delivery});
    CHECK(delivery.status() == PIGEON_MISCONFIGURED);
    CHECK(delivery.failure().remedy.find(command) != std::string::npos);
  };
  const auto stamp = f.home() / ".pigeon/allocation";
  f.directory.write("base/d/alice/.pigeon/allocation", "somebody-elses\n");
  expect("somebody-elses");
  fs::remove(stamp);
  expect("pigeonctl mailbox adopt alice@d");
  fs::remove_all(f.home());
  expect("pigeonctl mailbox purge alice@d");
  CHECK_FALSE(fs::exists(f.home()));
}

TEST_CASE("a base that is not marked, or is not there, is a file system that is not mounted") {
  Fixture f;
  fs::remove(f.directory.path() / "base/.pigeon-base");
  const FakeDelivery unmarked(f.alice, "q", "x\n");
  f.deliver({&unmarked});
  CHECK(unmarked.status() == PIGEON_MISCONFIGURED);
  CHECK(f.fresh().empty());
  CHECK_FALSE(f.mda->ensure(f.alice, soon()));
  fs::remove_all(f.directory.path() / "base");
  CHECK_FALSE(f.mda->check(soon()));
  CHECK_FALSE(fs::exists(f.directory.path() / "base"));
}

TEST_CASE("a Maildir without a stamp is not taken, unless it is adopted") {
  EmptyBase f;
  for (const auto* part : {"tmp", "new", "cur"}) fs::create_directories(f.maildir() / part);
  f.directory.write("base/d/alice/Maildir/new/old", "mail of before\n");
  const auto refused = f.mda->ensure(f.alice, soon());
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().remedy.find("pigeonctl mailbox adopt alice@d") != std::string::npos);
  REQUIRE(f.mda->adopt(f.alice, soon()));
  const FakeDelivery delivery(f.alice, "q", "x\n");
  f.deliver({&delivery});
  CHECK(f.fresh().size() == 2);
  const Allocation other{.id = "other", .attributes = f.alice.attributes, .principal = {"d", "other"}};
  CHECK_FALSE(f.mda->adopt(other, soon()));
  CHECK_FALSE(f.mda->ensure(other, soon()));
}

TEST_CASE("purging deletes the mailbox it is asked for, and nothing of anybody else") {
  Fixture f;
  const FakeDelivery delivery(f.alice, "q", "x\n");
  f.deliver({&delivery});
  const Allocation other{.id = "other", .attributes = f.alice.attributes, .principal = {"d", "other"}};
  CHECK_FALSE(f.mda->purge(other, soon()));
  CHECK(f.fresh().size() == 1);
  // What a link leads to is not the mailbox's.
  f.directory.write("precious", "keep me\n");
  fs::create_symlink(f.directory.path() / "precious", f.maildir() / "cur/link");
  REQUIRE(f.mda->purge(f.alice, soon()));
  CHECK_FALSE(fs::exists(f.home()));
  CHECK(f.directory.read("precious") == "keep me\n");
  REQUIRE(f.mda->purge(f.alice, soon()));
}

TEST_CASE("a link at any component below the base is not followed") {
  for (const std::string component : {"d", "d/alice", "d/alice/Maildir", "d/alice/Maildir/tmp",
                                      "d/alice/Maildir/new", "d/alice/.pigeon", "d/alice/.pigeon/pending"}) {
    CAPTURE(component);
    Fixture f;
    const auto place = f.directory.path() / "base" / component;
    fs::rename(place, f.directory.path() / "elsewhere");
    fs::create_directory_symlink(f.directory.path() / "elsewhere", place);
    const FakeDelivery delivery(f.alice, "q", "x\n");
    f.deliver({&delivery});
    CHECK(delivery.status() != PIGEON_OK);
    CHECK(PIGEON_STATUS_RANGE(delivery.status()) == PIGEON_TEMPORARY);
    for (const auto& entry : fs::recursive_directory_iterator(f.directory.path() / "elsewhere")) {
      CHECK(entry.path().filename().string().find('T') != 0);
      CHECK(entry.path().parent_path().filename() != "new");
    }
  }
}

TEST_CASE("a home in the tree that leads out of the base is refused") {
  EmptyBase f;
  for (const std::string home : {"..", "../x", "/etc", "a/../../b", "", "a//b"}) {
    CAPTURE(home);
    const Allocation hostile{.id = "id", .attributes = {{"home", {home}}}, .principal = {"d", "u"}};
    CHECK_FALSE(f.mda->ensure(hostile, soon()));
    const FakeDelivery delivery(hostile, "q", "x\n");
    f.deliver({&delivery});
    CHECK(PIGEON_STATUS_RANGE(delivery.status()) == PIGEON_TEMPORARY);
    CHECK_FALSE(f.mda->purge(hostile, soon()));
  }
}
