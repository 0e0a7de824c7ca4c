// SPDX-License-Identifier: MIT
//
// Deliveries that come together: what they share, what each has of its own.
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

TEST_CASE("a batch goes over one connection, which is kept, and opened again when the server closed it") {
  Fixture f;
  ScriptedServer server(f.directory / "one");
  const auto mda = f.open();
  const FakeDelivery one(user("alice"), "q1", "one\n");
  const FakeDelivery two(user("bob"), "q2", "two\n");
  const FakeDelivery three(user("alice"), "q3", "three\n");
  deliver(*mda, {&one, &two});
  deliver(*mda, {&three});
  CHECK(server.connections() == 1);
  server.hang_up();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const FakeDelivery four(user("alice"), "q4", "four\n");
  deliver(*mda, {&four});
  for (const auto* each : {&one, &two, &three, &four}) CHECK(each->status() == PIGEON_OK);
  CHECK(server.connections() == 2);
  CHECK(server.taken().size() == 4);
}

TEST_CASE("a connection that is closed when it is used again is opened anew, and nothing is sent twice") {
  Fixture f;
  int mails = 0;
  const ScriptedServer server(f.directory / "one",
                              [&](const std::string& command) -> std::optional<std::string> {
                                if (command.rfind("MAIL", 0) == 0 && ++mails == 2) return std::nullopt;
                                return ScriptedServer::usual(command);
                              });
  const auto mda = f.open();
  const FakeDelivery one(user("alice"), "q1", "one\n");
  const FakeDelivery two(user("alice"), "q2", "two\n");
  deliver(*mda, {&one, &two});
  CHECK(one.status() == PIGEON_OK);
  CHECK(two.status() == PIGEON_OK);
  CHECK(server.taken().size() == 2);
  CHECK(server.connections() == 2);
}

TEST_CASE("the same message for several users is one transaction, with an answer for each") {
  Fixture f;
  const ScriptedServer server(f.directory / "one",
                              [](const std::string& command) -> std::optional<std::string> {
                                if (command == "RCPT TO:<nobody@d.example>") return "550 5.1.1 unknown\r\n";
                                if (command == ". RCPT TO:<full@d.example>") return "452 4.2.2 full\r\n";
                                if (command == ". RCPT TO:<over@d.example>") return "552 5.2.2 over\r\n";
                                return ScriptedServer::usual(command);
                              });
  const auto mda = f.open();
  const std::string body = "Subject: to all\n\nx\n";
  const FakeDelivery alice(user("alice"), "a", body);
  const FakeDelivery nobody(user("nobody"), "n", body);
  const FakeDelivery full(user("full"), "f", body);
  const FakeDelivery over(user("over"), "o", body);
  const FakeDelivery other(user("alice"), "b", "another\n");
  deliver(*mda, {&alice, &nobody, &full, &over, &other});
  CHECK(server.taken().size() == 2);
  CHECK(alice.status() == PIGEON_OK);
  CHECK(other.status() == PIGEON_OK);
  CHECK(nobody.status() == PIGEON_UNKNOWN_RECIPIENT);
  CHECK(nobody.failure().dsn == pigeon::Dsn{5, 1, 1});
  CHECK(is_temporary(full));
  CHECK(full.failure().dsn == pigeon::Dsn{4, 2, 2});
  CHECK(over.status() == PIGEON_REFUSED);
  CHECK_FALSE(full.failure().may_have_happened);
}

TEST_CASE("one user gets two messages that are equal twice, and one with the same unique id once") {
  Fixture f;
  const ScriptedServer server(f.directory / "one");
  const auto mda = f.open();
  const FakeDelivery one(user("alice"), "q1", "same\n");
  const FakeDelivery two(user("alice"), "q2", "same\n");
  const FakeDelivery again(user("alice"), "q1", "same\n");
  deliver(*mda, {&one, &two, &again});
  CHECK(server.taken().size() == 2);
  CHECK_FALSE(one.was_there());
  CHECK(again.was_there());
  const FakeDelivery later(user("alice"), "q1", "same\n");
  deliver(*mda, {&later});
  CHECK(later.was_there());
  const FakeDelivery not_unique(user("alice"), "q1", "same\n", "", {}, false);
  deliver(*mda, {&not_unique});
  CHECK_FALSE(not_unique.was_there());
  CHECK(server.taken().size() == 3);
}

TEST_CASE("a delivery that failed is tried again under its id") {
  Fixture f;
  int ends = 0;
  const ScriptedServer server(f.directory / "one",
                              [&](const std::string& command) -> std::optional<std::string> {
                                if (command.rfind('.', 0) == 0 && ++ends == 1) return "451 4.3.0 later\r\n";
                                return ScriptedServer::usual(command);
                              });
  const auto mda = f.open();
  const FakeDelivery first(user("alice"), "q1", "x\n");
  const FakeDelivery second(user("alice"), "q1", "x\n");
  deliver(*mda, {&first, &second});
  CHECK(is_temporary(first));
  CHECK(second.status() == PIGEON_OK);
  CHECK_FALSE(second.was_there());
}

TEST_CASE("what is in doubt is not sent again under its id in the same batch, but with the next one") {
  Fixture f;
  int ends = 0;
  const ScriptedServer server(f.directory / "one",
                              [&](const std::string& command) -> std::optional<std::string> {
                                if (command.rfind(". ", 0) == 0 && ++ends == 1) return std::nullopt;
                                return ScriptedServer::usual(command);
                              });
  const auto mda = f.open();
  const FakeDelivery first(user("alice"), "q1", "x\n");
  const FakeDelivery second(user("alice"), "q1", "x\n");
  const FakeDelivery third(user("alice"), "q1", "x\n");
  const FakeDelivery other(user("alice"), "q2", "x\n");
  const FakeDelivery not_unique(user("alice"), "q1", "x\n", "", {}, false);
  deliver(*mda, {&first, &second, &third, &other, &not_unique});
  for (const auto* each : {&first, &second, &third}) {
    CHECK(is_temporary(*each));
    CHECK(each->failure().may_have_happened);
  }
  CHECK(other.status() == PIGEON_OK);
  CHECK(not_unique.status() == PIGEON_OK);
  CHECK(server.taken().size() == 3);
  const FakeDelivery later(user("alice"), "q1", "x\n");
  deliver(*mda, {&later});
  CHECK(later.status() == PIGEON_OK);
  CHECK_FALSE(later.was_there());
  CHECK(server.taken().size() == 4);
}

TEST_CASE("a batch waits once for a server that does not greet") {
  Fixture f;
  f.settings.set("connectTimeout", "200ms");
  const ScriptedServer server(f.directory / "one", but("", ""));
  const auto mda = f.open();
  std::vector<std::unique_ptr<FakeDelivery>> all;
  std::vector<pigeon::Delivery> batch;
  for (int number = 0; number < 8; ++number) {
    const auto text = std::to_string(number);
    all.push_back(std::make_unique<FakeDelivery>(user("alice"), "q" + text, text + "\n"));
    batch.push_back(all.back()->delivery());
  }
  const auto begin = pigeon::Clock::now();
  mda->deliver(batch);
  CHECK(pigeon::Clock::now() - begin < std::chrono::milliseconds(800));
  for (const auto& each : all) CHECK(is_temporary(*each));
}

TEST_CASE("a delivery that has little time left takes none from those that have more") {
  for (const std::string silent : {"", "LHLO", "MAIL", "RCPT", "DATA"}) {
    for (const bool is_same : {true, false}) {
      CAPTURE(silent);
      CAPTURE(is_same);
      Fixture f;
      int asked = 0;
      bool is_silent = false;  // once in one connection, and then in it for good
      const ScriptedServer server(
          f.directory / "one", [&](const std::string& command) -> std::optional<std::string> {
            const bool is_it = silent.empty() ? command.empty() : command.rfind(silent, 0) == 0;
            is_silent = (is_silent && !command.empty()) || (is_it && ++asked == 1);
            return is_silent ? "" : ScriptedServer::usual(command);
          });
      const auto mda = f.open();
      const FakeDelivery hasty(user("alice"), "q1", "x\n");
      const FakeDelivery patient(user("bob"), "q2", is_same ? "x\n" : "y\n");
      pigeon_delivery lent = hasty.lent();
      lent.deadline = Deadline::in(std::chrono::milliseconds(200)).value();
      std::vector<pigeon::Delivery> batch = {pigeon::Delivery(lent), patient.delivery()};
      const auto begin = pigeon::Clock::now();
      mda->deliver(batch);
      CHECK(pigeon::Clock::now() - begin < std::chrono::milliseconds(1500));
      CHECK(is_temporary(hasty));
      CHECK_FALSE(hasty.failure().may_have_happened);
      CHECK(patient.status() == PIGEON_OK);
      REQUIRE(server.taken().size() == 1);
      CHECK(server.taken().front().recipients == std::vector<std::string>{"RCPT TO:<bob@d.example>"});
    }
  }
}

TEST_CASE("who has more time is not in doubt because the time of another one is up") {
  for (const bool is_first : {true, false}) {
    CAPTURE(is_first);
    Fixture f;
    const ScriptedServer server(f.directory / "one",
                                [](const std::string& command) -> std::optional<std::string> {
                                  if (command.rfind(". ", 0) == 0)
                                    std::this_thread::sleep_for(std::chrono::milliseconds(400));
                                  return ScriptedServer::usual(command);
                                });
    const auto mda = f.open();
    FakeDelivery hasty(user("alice"), "q1", "x\n");
    hasty.end_at(Deadline::in(std::chrono::milliseconds(200)));
    const FakeDelivery patient(user("bob"), "q2", "x\n");
    if (is_first) deliver(*mda, {&hasty, &patient});
    if (!is_first) deliver(*mda, {&patient, &hasty});
    CHECK(is_temporary(hasty));
    CHECK(hasty.failure().may_have_happened);
    CHECK(patient.status() == PIGEON_OK);
    REQUIRE(server.taken().size() == 2);
    CHECK(server.taken()[0].recipients == std::vector<std::string>{"RCPT TO:<alice@d.example>"});
    CHECK(server.taken()[1].recipients == std::vector<std::string>{"RCPT TO:<bob@d.example>"});
  }
}

TEST_CASE("deadlines that are near to each other do not part the recipients of a message") {
  Fixture f;
  const ScriptedServer server(f.directory / "one");
  const auto mda = f.open();
  FakeDelivery one(user("alice"), "q1", "x\n");
  const FakeDelivery two(user("bob"), "q2", "x\n");
  one.end_at(two.delivery().deadline().later(std::chrono::milliseconds(500)));
  deliver(*mda, {&one, &two});
  CHECK(one.status() == PIGEON_OK);
  CHECK(two.status() == PIGEON_OK);
  CHECK(server.taken().size() == 1);
}
