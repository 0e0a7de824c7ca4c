// SPDX-License-Identifier: MIT
#include "session.hpp"

#include "lmtp_fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using mda_lmtp::testing::but;
using mda_lmtp::testing::deliver;
using mda_lmtp::testing::Fixture;
using mda_lmtp::testing::is_temporary;
using mda_lmtp::testing::ScriptedServer;
using mda_lmtp::testing::user;
using pigeon::Deadline;
using pigeon::testing::FakeDelivery;

}  // namespace

TEST_CASE(
    "wherever the server ends the conversation, the delivery is temporary, and told to be in doubt after the "
    "end of the message only") {
  for (const std::string command : {"", "LHLO", "MAIL", "RCPT", "DATA", "."}) {
    for (const std::optional<std::string>& said :
         {std::optional<std::string>(), std::optional<std::string>("421 4.3.2 bye\r\n"),
          std::optional<std::string>("garbage\r\n"), std::optional<std::string>("250-half")}) {
      CAPTURE(command);
      CAPTURE(said.value_or("closes"));
      Fixture f;
      f.settings.set("connectTimeout", "300ms");
      const ScriptedServer server(f.directory / "one", but(command, said));
      const auto mda = f.open();
      const FakeDelivery delivery(user("alice"), "q1", "x\n");
      pigeon_delivery lent = delivery.lent();
      lent.deadline = Deadline::in(std::chrono::milliseconds(600)).value();
      std::vector<pigeon::Delivery> batch = {pigeon::Delivery(lent)};
      mda->deliver(batch);
      CHECK(is_temporary(delivery));
      CHECK_FALSE(delivery.failure().detail.empty());
      // A farewell is an answer: it says that the message was not taken.
      CHECK(delivery.failure().may_have_happened == (command == "." && said != "421 4.3.2 bye\r\n"));
    }
  }
}

TEST_CASE("those whose answer was heard before the connection was lost have it, the others are in doubt") {
  Fixture f;
  const ScriptedServer server(f.directory / "one", but(". RCPT TO:<bob@", std::nullopt));
  const auto mda = f.open();
  const std::string body = "x\n";
  const FakeDelivery alice(user("alice"), "a", body);
  const FakeDelivery bob(user("bob"), "b", body);
  const FakeDelivery carol(user("carol"), "c", body);
  deliver(*mda, {&alice, &bob, &carol});
  CHECK(alice.status() == PIGEON_OK);
  for (const auto* each : {&bob, &carol}) {
    CHECK(is_temporary(*each));
    CHECK(each->failure().may_have_happened);
  }
}

TEST_CASE("an answer of 3xx to a message leaves its recipient and all later ones in doubt") {
  Fixture f;
  const ScriptedServer server(f.directory / "one",
                              [](const std::string& command) -> std::optional<std::string> {
                                if (command == ". RCPT TO:<bob@d.example>")
                                  return "354 once more\r\n250 2.0.0 saved\r\n";
                                if (command == ". RCPT TO:<carol@d.example>") return "452 4.2.2 full\r\n";
                                return ScriptedServer::usual(command);
                              });
  const auto mda = f.open();
  const std::string body = "x\n";
  const FakeDelivery alice(user("alice"), "a", body);
  const FakeDelivery bob(user("bob"), "b", body);
  const FakeDelivery carol(user("carol"), "c", body);
  const FakeDelivery after(user("dora"), "d", "another\n");
  deliver(*mda, {&alice, &bob, &carol});
  deliver(*mda, {&after});
  CHECK(alice.status() == PIGEON_OK);
  for (const auto* each : {&bob, &carol}) {
    CHECK(is_temporary(*each));
    CHECK(each->failure().may_have_happened);
  }
  CHECK(after.status() == PIGEON_OK);
  CHECK(server.connections() == 2);
}

TEST_CASE("an answer of 3xx to a recipient is no answer, and nobody gets that of another") {
  for (const std::string asked : {"MAIL", "RCPT TO:<nobody@d.example>"}) {
    CAPTURE(asked);
    Fixture f;
    const ScriptedServer server(f.directory / "one",
                                but(asked, "354 once more\r\n550 5.1.1 no such user\r\n"));
    const auto mda = f.open();
    const FakeDelivery nobody(user("nobody"), "n", "x\n");
    const FakeDelivery bob(user("bob"), "b", "x\n");
    deliver(*mda, {&nobody, &bob});
    for (const auto* each : {&nobody, &bob}) {
      CHECK(is_temporary(*each));
      CHECK_FALSE(each->failure().may_have_happened);
    }
    CHECK(server.taken().empty());
  }
}

TEST_CASE("a server that speaks before a message has its end does not get the end, and has stored nothing") {
  for (const std::string too_much :
       {"250 2.0.0 saved\r\n", "421 4.3.2 bye\r\n", "550 5.7.1 no\r\n", "garbage\r\n"}) {
    CAPTURE(too_much);
    Fixture f;
    const ScriptedServer server(f.directory / "one", but("DATA", "354 go ahead\r\n" + too_much));
    const auto mda = f.open();
    const FakeDelivery alice(user("alice"), "a", "x\n");
    const FakeDelivery bob(user("bob"), "b", "x\n");
    deliver(*mda, {&alice, &bob});
    for (const auto* each : {&alice, &bob}) {
      CHECK(is_temporary(*each));
      CHECK_FALSE(each->failure().may_have_happened);
      CHECK(each->failure().detail.find(too_much.substr(0, 3)) != std::string::npos);
    }
    CHECK(server.taken().empty());
  }
}

TEST_CASE("a server without extensions is spoken to step by step, and gets no parameters") {
  Fixture f;
  const ScriptedServer server(f.directory / "one",
                              [](const std::string& command) -> std::optional<std::string> {
                                if (command.rfind("LHLO", 0) == 0) return "250 test\r\n";
                                if (command == "RCPT TO:<nobody@d.example>") return "550 no\r\n";
                                return ScriptedServer::usual(command);
                              });
  const auto mda = f.open();
  const std::string body = "\xc3\xa4\n";
  const FakeDelivery nobody(user("nobody"), "n", body);
  const FakeDelivery alice(user("alice"), "a", body);
  deliver(*mda, {&nobody, &alice});
  CHECK(nobody.status() == PIGEON_UNKNOWN_RECIPIENT);
  CHECK(alice.status() == PIGEON_OK);
  CHECK(server.taken().front().sender == "MAIL FROM:<>");
  const FakeDelivery only(user("nobody"), "m", "other\n");
  deliver(*mda, {&only});
  const FakeDelivery after(user("alice"), "b", "other\n");
  deliver(*mda, {&after});
  CHECK(after.status() == PIGEON_OK);
  CHECK(server.connections() == 1);
}

TEST_CASE("a server that wants the message though it has accepted nobody gets none") {
  Fixture f;
  const ScriptedServer server(f.directory / "one",
                              [](const std::string& command) -> std::optional<std::string> {
                                if (command == "RCPT TO:<nobody@d.example>") return "550 5.1.1 no\r\n";
                                return ScriptedServer::usual(command);
                              });
  const auto mda = f.open();
  const FakeDelivery nobody(user("nobody"), "n", "x\n");
  deliver(*mda, {&nobody});
  CHECK(nobody.status() == PIGEON_UNKNOWN_RECIPIENT);
  const FakeDelivery alice(user("alice"), "a", "x\n");
  deliver(*mda, {&alice});
  CHECK(alice.status() == PIGEON_OK);
  CHECK(server.taken().size() == 1);
}

TEST_CASE("a message is refused for its size, as the server says it after MAIL") {
  for (const bool has_pipelining : {true, false}) {
    Fixture f;
    const ScriptedServer server(f.directory / "one",
                                [=](const std::string& command) -> std::optional<std::string> {
                                  if (command.rfind("LHLO", 0) == 0 && !has_pipelining)
                                    return "250-test\r\n250 SIZE 10\r\n";
                                  if (command.rfind("MAIL", 0) == 0) return "552 5.3.4 too big\r\n";
                                  if (command.rfind("RCPT", 0) == 0 || command == "DATA")
                                    return "503 5.5.1 no\r\n";
                                  return ScriptedServer::usual(command);
                                });
    const auto mda = f.open();
    const FakeDelivery delivery(user("alice"), "q1", std::string(1000, 'x'));
    deliver(*mda, {&delivery});
    CHECK(delivery.status() == PIGEON_MESSAGE_REFUSED);
    CHECK(delivery.failure().dsn == pigeon::Dsn{5, 3, 4});
  }
}

TEST_CASE("an address beyond ASCII needs a server that offers SMTPUTF8") {
  for (const bool has_utf8 : {true, false}) {
    CAPTURE(has_utf8);
    Fixture f;
    const ScriptedServer server(f.directory / "one",
                                [=](const std::string& command) -> std::optional<std::string> {
                                  if (command.rfind("LHLO", 0) == 0 && has_utf8)
                                    return "250-test\r\n250 SMTPUTF8\r\n";
                                  return ScriptedServer::usual(command);
                                });
    const auto mda = f.open();
    const FakeDelivery delivery(user("\xc3\xa4"), "q1", "x\n");
    deliver(*mda, {&delivery});
    CHECK((delivery.status() == PIGEON_OK) == has_utf8);
    CHECK((has_utf8 || is_temporary(delivery)));
    if (has_utf8) CHECK(server.taken().front().sender == "MAIL FROM:<> SMTPUTF8");
  }
}

TEST_CASE("a server that never answers, or never stops, is given up at the deadline") {
  for (const std::string command : {"MAIL", "RCPT", "DATA", "."}) {
    for (const std::string said : {"", "250-more\r\n"}) {
      CAPTURE(command);
      CAPTURE(said);
      Fixture f;
      const ScriptedServer server(f.directory / "one", but(command, said));
      const auto mda = f.open();
      const FakeDelivery delivery(user("alice"), "q1", "x\n");
      pigeon_delivery lent = delivery.lent();
      lent.deadline = Deadline::in(std::chrono::milliseconds(200)).value();
      std::vector<pigeon::Delivery> batch = {pigeon::Delivery(lent)};
      const auto begin = pigeon::Clock::now();
      mda->deliver(batch);
      CHECK(pigeon::Clock::now() - begin < std::chrono::milliseconds(800));
      CHECK(is_temporary(delivery));
      CHECK(delivery.failure().may_have_happened == (command == "."));
    }
  }
}
