// SPDX-License-Identifier: MIT
#include "trace.hpp"

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <filesystem>

namespace {

using pigeon::Allocation;
using pigeon::Mailboxes;
using pigeon::Result;
using pigeon::Stored;
using pigeon::testing::FakeDelivery;
using pigeon::testing::start_trace;
using pigeon::testing::TemporaryDirectory;
using pigeon::testing::trace;
using Calls = std::vector<std::string>;

const Allocation alice = {.id = "a1", .attributes = {{"home", {"example.com/alice"}}}, .principal = {}};

struct Site {
  TemporaryDirectory directory;
  Mailboxes mailboxes{directory / "mail"};

  Site() {
    REQUIRE(mailboxes.initialize());
    REQUIRE(mailboxes.ensure(alice));
  }
  [[nodiscard]] Result<Stored> store(const FakeDelivery& delivery) const {
    const auto mailbox = PIGEON_TRY(mailboxes.open(alice));
    return store_once(mailbox, delivery.delivery());
  }
  // The names in alice's mailbox; with those that begin with "." or without.
  [[nodiscard]] std::vector<std::string> names(bool hidden = false) const {
    std::vector<std::string> found;
    for (const auto& name : *mailboxes.open(alice)->names()) {
      if (name != ".pigeon-allocation" && (hidden || name.front() != '.')) found.push_back(name);
    }
    return found;
  }
};

}  // namespace

TEST_CASE("a stored message is durable before it has its name, and its name before it is answered") {
  const Site site;
  start_trace();
  REQUIRE(site.store(FakeDelivery(alice, "id1", "x\n")));
  CHECK(trace().calls == Calls{"write", "flush file", "link", "flush directory"});
  start_trace();
  REQUIRE(site.store(FakeDelivery(alice, "id1", "x\n", {}, {}, false)));
  CHECK(trace().calls == Calls{"write", "flush file", "link", "rename", "flush directory"});
}

TEST_CASE(
    "whatever fails while a message is stored: no trace of it, or it may have happened; a retry stores it "
    "once") {
  for (const bool is_unique : {true, false}) {
    for (const auto* call : {"write", "flush file", "link", "rename", "flush directory"}) {
      if (is_unique && std::string(call) == "rename") continue;
      CAPTURE(call);
      CAPTURE(is_unique);
      const Site site;
      const FakeDelivery delivery(alice, "id1", "x\n", {}, {}, is_unique);
      start_trace(call, EIO);
      const auto stored = site.store(delivery);
      start_trace();
      REQUIRE_FALSE(stored);
      CHECK((stored.failure().may_have_happened || site.names(true).empty()));
      // Without a unique id, a rename that could not be made durable has happened all the same, as far as
      // anybody can see: the next message is another one.
      if (!is_unique && std::string(call) == "flush directory") continue;
      REQUIRE(site.store(delivery));
      CHECK(site.names(true).size() == 1);
      CHECK(site.names().size() == 1);
    }
  }
}

TEST_CASE("no two principals share a directory, and none leads out of the base") {
  const Mailboxes mailboxes("/base");
  const auto home = [&](const std::string& domain, const std::string& user) {
    const auto proposed = mailboxes.propose({domain, user});
    return proposed ? std::string(proposed->get("home").value_or("")) : "refused";
  };
  CHECK(home("example.com", "alice") == "example.com/alice");
  CHECK(home("example.com", "") == "example.com/=unknown");
  CHECK(home("example.com", "=unknown") == "example.com/=3Dunknown");
  CHECK(home("example.com", "a b") == "example.com/a=20b");
  CHECK(home("example.com", "a=20b") == "example.com/a=3D20b");
  for (const auto* user : {".", "..", ".a", "a/b", "../a", "a\nb"})
    CHECK(home("example.com", user) == "refused");
  CHECK(home("example.com", std::string("a\0b", 3)) == "refused");
  CHECK(home("example.com", std::string(256, 'a')) == "refused");
}

TEST_CASE("a mailbox is made once, and any number of times") {
  const Site site;
  CHECK(site.mailboxes.ensure(alice));
  CHECK(site.names(true).empty());
}

TEST_CASE("a mailbox without a stamp, or with another's, is neither taken nor delivered to") {
  const Site site;
  auto other = alice;
  other.id = "a2";
  CHECK_FALSE(site.mailboxes.ensure(other));
  CHECK_FALSE(site.mailboxes.open(other));

  const Allocation bob = {
      .id = "b1", .attributes = {{"home", {"example.com/bob"}}}, .principal = {"example.com", "bob"}};
  std::filesystem::create_directory(site.directory / "mail/example.com/bob");
  static_cast<void>(site.directory.write("mail/example.com/bob/mail", "theirs"));
  std::filesystem::permissions(site.directory / "mail/example.com/bob", std::filesystem::perms::owner_all);
  const auto ensured = site.mailboxes.ensure(bob);
  REQUIRE_FALSE(ensured);
  CHECK(ensured.failure().remedy.find("pigeonctl mailbox adopt bob@example.com") != std::string::npos);
  CHECK_FALSE(site.mailboxes.open(bob));
  REQUIRE(site.mailboxes.adopt(bob));
  CHECK(site.mailboxes.open(bob));
}

TEST_CASE("a mailbox that is gone, and a base that is not mounted, are never made anew") {
  const Site site;
  std::filesystem::remove_all(site.directory / "mail/example.com/alice");
  CHECK_FALSE(site.mailboxes.open(alice));
  CHECK_FALSE(site.mailboxes.adopt(alice));
  std::filesystem::remove_all(site.directory / "mail");
  std::filesystem::create_directory(site.directory / "mail");
  CHECK_FALSE(site.mailboxes.open(alice));
  CHECK_FALSE(site.mailboxes.ensure(alice));
  CHECK(std::filesystem::is_empty(site.directory / "mail"));
}
