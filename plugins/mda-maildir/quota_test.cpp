// SPDX-License-Identifier: MIT
#include "quota.hpp"

#include "fixture.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

namespace fs = std::filesystem;

namespace {

using mda_maildir::Quota;
using mda_maildir::testing::Fixture;
using pigeon::Attributes;
using pigeon::Directory;
using pigeon::testing::FakeDelivery;

struct Limited : Fixture {
  pigeon_status deliver(const std::string& id, const std::string& body, const Attributes& preferences) {
    const FakeDelivery delivery(alice, id, body, "", preferences);
    Fixture::deliver(delivery);
    last = delivery.status() == PIGEON_OK ? pigeon::Failure{} : delivery.failure();
    return delivery.status();
  }
  [[nodiscard]] Directory opened() const { return *std::move(*Directory::open(maildir().string())); }
  [[nodiscard]] std::string sizes() const { return content(maildir() / "maildirsize"); }

  pigeon::Failure last;
};

const std::string body(84, 'x');  // 100 bytes with the prefix

}  // namespace

TEST_CASE("a mailbox holds as many bytes and messages as it may, and no more") {
  Limited f;
  const Attributes bytes = {{"quotaBytes", {"250"}}, {"overQuota", {"defer"}}};
  CHECK(f.deliver("1", body, bytes) == PIGEON_OK);
  CHECK(f.deliver("2", body, bytes) == PIGEON_OK);
  CHECK(f.deliver("3", body, bytes) == PIGEON_NO_SPACE);
  const Attributes messages = {{"quotaMessages", {"3"}}, {"overQuota", {"defer"}}};
  CHECK(f.deliver("4", body, messages) == PIGEON_OK);
  CHECK(f.deliver("5", body, messages) == PIGEON_NO_SPACE);
}

TEST_CASE("over quota is temporary or permanent, as the administrator wants it") {
  Limited f;
  CHECK(f.deliver("1", body, {{"quotaBytes", {"10"}}, {"overQuota", {"defer"}}}) == PIGEON_NO_SPACE);
  CHECK(f.last.dsn == pigeon::Dsn{4, 2, 2});
  CHECK(f.deliver("1", body, {{"quotaBytes", {"10"}}, {"overQuota", {"reject"}}}) == PIGEON_REFUSED);
  CHECK(f.last.dsn == pigeon::Dsn{5, 2, 2});
}

TEST_CASE("a refused message leaves nothing behind, and is stored once there is room") {
  Limited f;
  const Attributes full = {{"quotaBytes", {"10"}}, {"overQuota", {"defer"}}};
  CHECK(f.deliver("1", body, full) == PIGEON_NO_SPACE);
  CHECK(fs::is_empty(f.directory.path() / "base/d/alice/Maildir/tmp"));
  CHECK(fs::is_empty(f.directory.path() / "base/d/alice/.pigeon/pending"));
  CHECK(f.deliver("1", body, {{"quotaBytes", {"1k"}}, {"overQuota", {"defer"}}}) == PIGEON_OK);
}

TEST_CASE("a retry of a stored message is answered, however full the mailbox is") {
  Limited f;
  const Attributes quota = {{"quotaBytes", {"150"}}, {"overQuota", {"reject"}}};
  CHECK(f.deliver("1", body, quota) == PIGEON_OK);
  CHECK(f.deliver("1", body, quota) == PIGEON_OK);
}

TEST_CASE("maildirsize begins with the quota and adds a line for each message") {
  Limited f;
  const Attributes quota = {{"quotaBytes", {"1k"}}, {"quotaMessages", {"5"}}, {"overQuota", {"defer"}}};
  CHECK(f.deliver("1", body, quota) == PIGEON_OK);
  CHECK(f.deliver("2", body, quota) == PIGEON_OK);
  CHECK(f.sizes() == "1024S,5C\n0 0\n100 1\n100 1\n");
}

TEST_CASE("a changed quota, nonsense, or a file that is too long is counted anew from the folders") {
  Limited f;
  const Quota quota({1000, {}});
  f.directory.write("base/d/alice/Maildir/new/1.a.b,S=300", "x");
  for (const std::string text : {"999S\n0 0\n", "1000S\nnonsense\n", "1000S\n1 2 3\n", "1000S\n-5 0\n",
                                 "1000S\n9223372036854775807 1\n9223372036854775807 1\n", "", "1000S"}) {
    CAPTURE(text);
    f.directory.write("base/d/alice/Maildir/maildirsize", text);
    const auto exceeds = quota.would_exceed(f.opened(), 701);
    REQUIRE(exceeds);
    if (text == "1000S") continue;  // an empty count is well-formed, and believed
    CHECK(*exceeds);
    CHECK(f.sizes() == "1000S\n300 1\n");
  }
  std::string long_text = "1000S\n";
  while (long_text.size() <= 5120) long_text += "0 0\n";
  f.directory.write("base/d/alice/Maildir/maildirsize", long_text);
  CHECK(*quota.would_exceed(f.opened(), 701));
  CHECK(f.sizes() == "1000S\n300 1\n");
}

TEST_CASE(
    "a mailbox that seems full is counted anew before a message is refused, if the count may be wrong") {
  Limited f;
  f.directory.write("base/d/alice/Maildir/maildirsize", "1000S\n900 9\n90 1\n");
  CHECK_FALSE(*Quota({1000, {}}).would_exceed(f.opened(), 100));
  CHECK(f.sizes() == "1000S\n0 0\n");
}

TEST_CASE("folders count, the trash does not") {
  Limited f;
  for (const std::string folder : {".Work", ".Trash"}) {
    for (const auto* part : {"tmp", "new", "cur"}) {
      fs::create_directories(f.directory.path() / "base/d/alice/Maildir" / folder / part);
    }
    f.directory.write("base/d/alice/Maildir/" + folder + "/cur/1.a.b,S=50:2,S", "x");
  }
  f.directory.write("base/d/alice/Maildir/cur/unnamed", std::string(7, 'x'));
  const auto usage = Quota::count(f.opened());
  REQUIRE(usage);
  CHECK(usage->bytes == 57);
  CHECK(usage->messages == 2);
}

TEST_CASE("a maildirsize that is a link, of whatever kind, is not written through") {
  Limited f;
  const auto precious = f.directory.write("precious", "1000S\n0 0\n");
  const auto planted = f.directory.path() / "base/d/alice/Maildir/maildirsize";
  const Attributes quota = {{"quotaBytes", {"1000"}}, {"overQuota", {"defer"}}};
  fs::create_symlink(precious, planted);
  CHECK(PIGEON_STATUS_RANGE(f.deliver("1", body, quota)) == PIGEON_TEMPORARY);
  fs::remove(planted);
  fs::create_hard_link(precious, planted);
  CHECK(PIGEON_STATUS_RANGE(f.deliver("2", body, quota)) == PIGEON_TEMPORARY);
  CHECK(f.directory.read("precious") == "1000S\n0 0\n");
}
