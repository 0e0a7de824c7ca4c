// SPDX-License-Identifier: MIT
#include "host/mail_master.hpp"

#include "host/testing/play.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using pigeon::Outcome;
using pigeon::Result;
using pigeon::Run;
using pigeon::host::exit_status;
using pigeon::host::Verdict;
using pigeon::testing::has;
using pigeon::testing::Play;

namespace {

std::string fact(const Verdict& verdict, const std::string& name) {
  for (const auto& [each, value] : verdict.facts) {
    if (each == name) return value;
  }
  return "";
}

}  // namespace

TEST_CASE("a message for a user is stored, and the record says by whom and where") {
  Play play;
  const auto verdict = play.run();
  CHECK(verdict.is_delivered());
  CHECK(fact(verdict, "principal") == "/d/findsLent/u");
  CHECK(fact(verdict, "mda") == "mda-lent");
  CHECK(fact(verdict, "stored") == "here");
  CHECK(fact(verdict, "delivery").size() == 32);
  CHECK(has(fact(verdict, "modules"), "findsLent:"));
  CHECK(has(fact(verdict, "modules"), "takesLent:"));
  CHECK(play.mda.asked == std::vector<std::string>{"propose", "ensure", "deliver"});
}

TEST_CASE("the second message finds the mailbox ready, and makes nothing anew") {
  Play play;
  CHECK(play.run().is_delivered());
  play.mda.asked.clear();
  CHECK(play.run().is_delivered());
  CHECK(play.mda.asked == std::vector<std::string>{"deliver"});
}

TEST_CASE("a domain or a user that is not there is proven unknown") {
  Play play;
  CHECK(exit_status(play.run("u@other")) == 67);
  CHECK(exit_status(play.run("nobody@d")) == 67);
  CHECK(has(play.run("nobody@d").remedy, "pigeonctl user add nobody@d"));
}

TEST_CASE("a tree that could not be asked is temporary, at every step") {
  Play play;
  play.objects.break_with(pigeon::unavailable("no"));
  CHECK(exit_status(play.run()) == 75);
  play.objects.break_with({});
  play.finds.on_run = [&](Run& run) -> Result<Outcome> {
    play.objects.break_with(pigeon::unavailable("no"));
    const auto user = PIGEON_TRY(run.fetch("u"));
    CHECK_FALSE(user);
    return Outcome::go_on;
  };
  const auto verdict = play.run();
  CHECK(verdict.status == PIGEON_UNAVAILABLE);
  CHECK(play.mda.asked.empty());
}

TEST_CASE("who finds users may be hidden from us, and then nobody is unknown, or the catch-all's") {
  for (const bool accepts : {false, true}) {
    Play play;
    if (accepts) play.set("/d", "acceptUnknown", "TRUE");
    play.objects.hide("/d/findsLent");
    CHECK(exit_status(play.run("nobody@d")) == 75);
    CHECK(exit_status(play.run("u@d")) == 75);
  }
}

TEST_CASE("without a user, and without acceptUnknown, nothing runs that needs one") {
  Play play;
  CHECK(exit_status(play.run("nobody@d")) == 67);
  CHECK(play.takes.runs == 0);
}

TEST_CASE("the catch-all takes what is unknown, never what is disabled or could not be read") {
  Play play;
  play.set("/d", "acceptUnknown", "TRUE");
  const auto unknown = play.run("nobody@d");
  CHECK(unknown.is_delivered());
  CHECK(fact(unknown, "principal") == "/d");
  play.set("/d/findsLent/u", "enable", "FALSE");
  CHECK(exit_status(play.run()) == 75);
  play.finds.on_run = [](Run& /*run*/) -> Result<Outcome> { return pigeon::unavailable("no"); };
  CHECK(exit_status(play.run("nobody@d")) == 75);
}

TEST_CASE("what is switched off is deferred, or refused where the configuration or the domain says so") {
  for (const std::string path : {"/d", "/d/findsLent/u", "/d/findsLent", "/d/takesLent"}) {
    CAPTURE(path);
    Play deferring;
    deferring.set(path, "enable", "FALSE");
    const auto deferred = deferring.run();
    CHECK(exit_status(deferred) == 75);
    CHECK(deferred.dsn == pigeon::Dsn{4, 2, 1});
    CHECK(deferring.mda.asked.empty());
    Play rejecting(R"(["findsLent", "stepLent", "takesLent"])", R"(, "disabled": "reject")");
    rejecting.set(path, "enable", "FALSE");
    const auto refused = rejecting.run();
    CHECK(exit_status(refused) == 77);
    CHECK(refused.dsn == pigeon::Dsn{5, 2, 1});
    rejecting.set("/d", "disabled", "defer");
    CHECK(exit_status(rejecting.run()) == 75);
    deferring.set("/d", "disabled", "reject");
    CHECK(exit_status(deferring.run()) == 77);
    deferring.set("/d", "disabled", "maybe");
    CHECK(deferring.run().status == PIGEON_MISCONFIGURED);
  }
}

TEST_CASE("enable and force are TRUE or FALSE, and anything else is a mistake, never a guess") {
  for (const std::string path : {"/d", "/d/findsLent/u", "/d/takesLent"}) {
    Play play;
    play.set(path, "enable", "yes");
    CHECK(play.run().status == PIGEON_MISCONFIGURED);
    CHECK(has(play.run().remedy, "pigeonctl tree set"));
  }
  Play play;
  play.set("/d/takesLent", "force", "true");
  CHECK(play.run().status == PIGEON_MISCONFIGURED);
}

TEST_CASE("a dry run explains, and stores, allocates and writes nothing") {
  Play play;
  play.is_dry = true;
  CHECK(play.run().is_delivered());
  CHECK(play.mda.asked == std::vector<std::string>{"propose"});
  CHECK(play.allocation("id").empty());
  CHECK(has(play.explained, "mailMaster: domain /d found"));
  CHECK(has(play.explained, "an allocation would be made by creator-lent: place=/u@d"));
  CHECK(has(play.explained, "its mailbox is not made yet"));
  CHECK(has(play.explained, "the message would be stored by mda-lent"));
}

TEST_CASE("two objects of one class on a level are a mistake in the tree") {
  Play play;
  play.objects.add({.path = "/d/another", .objectclass = "takesLent"});
  CHECK(play.run().status == PIGEON_MISCONFIGURED);
}

TEST_CASE("what is no domain is a mistake in the tree, not an unknown recipient") {
  Play play;
  play.objects.add({.path = "/d", .objectclass = "mailUser"});
  CHECK(play.run().status == PIGEON_MISCONFIGURED);
}
