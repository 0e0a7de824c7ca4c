// SPDX-License-Identifier: MIT
#include "lmtp.hpp"

#include "lmtp_fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using mda_lmtp::testing::but;
using mda_lmtp::testing::deliver;
using mda_lmtp::testing::Fixture;
using mda_lmtp::testing::is_temporary;
using mda_lmtp::testing::ScriptedServer;
using mda_lmtp::testing::user;
using pigeon::Allocation;
using pigeon::Deadline;
using pigeon::testing::FakeDelivery;

}  // namespace

TEST_CASE("a message is handed over with its fields, but for Return-Path") {
  Fixture f;
  const ScriptedServer server(f.directory / "one");
  const auto mda = f.open();
  const FakeDelivery delivery(user("alice"), "q1", "Subject: x\n\n.dot\nlast");
  deliver(*mda, {&delivery});
  CHECK(delivery.status() == PIGEON_OK);
  CHECK(delivery.stored().find("alice@d.example") != std::string::npos);
  REQUIRE(server.taken().size() == 1);
  const auto taken = server.taken().front();
  CHECK(taken.text == "Subject: x\r\n\r\n..dot\r\nlast\r\n");
  CHECK(taken.sender == "MAIL FROM:<> SIZE=26");
  CHECK(taken.recipients == std::vector<std::string>{"RCPT TO:<alice@d.example>"});
}

TEST_CASE("the next server is asked when one cannot be reached, or leaves before it has taken the message") {
  for (const std::string command : {"unreachable", "", "LHLO", "MAIL", "RCPT", "DATA"}) {
    CAPTURE(command);
    Fixture f;
    f.settings.set("server",
                   pigeon::Values{"unix:" + (f.directory / "zero"), "unix:" + (f.directory / "one")});
    std::unique_ptr<ScriptedServer> first;
    if (command != "unreachable")
      first = std::make_unique<ScriptedServer>(f.directory / "zero", but(command, "421 4.3.2 bye\r\n"));
    const ScriptedServer second(f.directory / "one");
    const auto mda = f.open();
    const FakeDelivery delivery(user("alice"), "q1", "x\n");
    deliver(*mda, {&delivery});
    CHECK(delivery.status() == PIGEON_OK);
    CHECK(second.taken().size() == 1);
  }
  // Not when it has: nobody knows what became of it.
  Fixture f;
  f.settings.set("server", pigeon::Values{"unix:" + (f.directory / "zero"), "unix:" + (f.directory / "one")});
  const ScriptedServer first(f.directory / "zero", but(".", std::nullopt));
  const ScriptedServer second(f.directory / "one");
  const auto mda = f.open();
  const FakeDelivery delivery(user("alice"), "q1", "x\n");
  deliver(*mda, {&delivery});
  CHECK(is_temporary(delivery));
  CHECK(second.connections() == 0);
}

TEST_CASE(
    "a folder is asked for behind a delimiter; where that is refused, or none is set, the mail goes to the "
    "user") {
  for (const std::string delimiter : {"", "+"}) {
    CAPTURE(delimiter);
    Fixture f;
    if (!delimiter.empty()) f.settings.set("detailDelimiter", delimiter);
    const ScriptedServer server(f.directory / "one", but("RCPT TO:<alice+Gone@", "550 5.1.1 no such\r\n"));
    const auto mda = f.open();
    const FakeDelivery work(user("alice"), "q1", "x\n", "Work");
    const FakeDelivery gone(user("alice"), "q2", "y\n", "Gone");
    deliver(*mda, {&work, &gone});
    CHECK(work.status() == PIGEON_OK);
    CHECK(gone.status() == PIGEON_OK);
    CHECK(work.had_no_such_folder() == delimiter.empty());
    CHECK(gone.had_no_such_folder());
    REQUIRE(server.taken().size() == 2);
    CHECK(server.taken()[0].recipients.front() ==
          (delimiter.empty() ? "RCPT TO:<alice@d.example>" : "RCPT TO:<alice+Work@d.example>"));
    CHECK(server.taken()[1].recipients.front() == "RCPT TO:<alice@d.example>");
  }
}

TEST_CASE(
    "a folder that the server cannot be asked for, as it is not ASCII, does not keep mail from the user") {
  struct Case {
    std::string user;
    std::string sender;
    bool is_stored = false;
  };
  for (const auto& each :
       {Case{"alice", "", true}, Case{"\xc3\xa4", "", false}, Case{"alice", "\xc3\xb6@s.example", false}}) {
    CAPTURE(each.user);
    CAPTURE(each.sender);
    Fixture f;
    f.settings.set("detailDelimiter", std::string("+"));
    const ScriptedServer server(f.directory / "one");
    const auto mda = f.open();
    const FakeDelivery delivery(user(each.user), "q1", "x\n", "K\xc3\xb6ln");
    pigeon_delivery lent = delivery.lent();
    pigeon_envelope envelope = *lent.envelope;
    envelope.sender = pigeon::borrow(each.sender);
    lent.envelope = &envelope;
    std::vector<pigeon::Delivery> batch = {pigeon::Delivery(lent)};
    mda->deliver(batch);
    CHECK((delivery.status() == PIGEON_OK) == each.is_stored);
    CHECK((each.is_stored || is_temporary(delivery)));
    CHECK(delivery.had_no_such_folder() == each.is_stored);
    REQUIRE(server.taken().size() == (each.is_stored ? 1 : 0));
    if (each.is_stored) CHECK(server.taken()[0].recipients.front() == "RCPT TO:<alice@d.example>");
  }
}

TEST_CASE("what cannot be written in a command is never sent") {
  Fixture f;
  const ScriptedServer server(f.directory / "one");
  const auto mda = f.open();
  for (const std::string address : {"", "alice", "a@b>\r\nRSET", "a\n@d", "@d", "a@"}) {
    CAPTURE(address);
    const Allocation hostile{.id = "id", .attributes = {{"address", {address}}}, .principal = {"d", "u"}};
    const FakeDelivery delivery(hostile, "q", "x\n");
    deliver(*mda, {&delivery});
    CHECK(is_temporary(delivery));
    CHECK_FALSE(mda->ensure(hostile, Deadline::in(std::chrono::seconds(1))));
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("a message that is moved is not taken: it would lose its marks") {
  Fixture f;
  const ScriptedServer server(f.directory / "one");
  const auto mda = f.open();
  FakeDelivery delivery(user("alice"), "q1", "x\n");
  delivery.move(1, PIGEON_MARK_SEEN);
  deliver(*mda, {&delivery});
  CHECK(delivery.status() == PIGEON_UNSUPPORTED);
  CHECK(server.connections() == 0);
}

TEST_CASE("checking greets every server") {
  Fixture f;
  f.settings.set("server", pigeon::Values{"unix:" + (f.directory / "zero"), "unix:" + (f.directory / "one")});
  const auto first = std::make_unique<ScriptedServer>(f.directory / "zero");
  const auto soon = Deadline::in(std::chrono::seconds(2));
  CHECK_FALSE(f.open()->check(soon));
  const ScriptedServer second(f.directory / "one");
  CHECK(f.open()->check(soon));
  CHECK(second.connections() == 1);
}

TEST_CASE("an allocation is an address, the template's or the one that was requested") {
  const Fixture f;
  const auto mda = f.open();
  const pigeon::Principal alice{.domain = "d.example", .user = "alice"};
  CHECK(mda->propose(alice, {})->get("address") == "alice@d.example");
  CHECK(mda->propose(alice, {{"address", {"a.lice@imap.example"}}})->get("address") == "a.lice@imap.example");
  CHECK_FALSE(mda->propose(alice, {{"address", {"nowhere"}}}));
  CHECK_FALSE(mda->propose({.domain = "d.example", .user = ""}, {}));
}
