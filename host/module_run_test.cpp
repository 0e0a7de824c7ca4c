// SPDX-License-Identifier: MIT
//
// The chain of modules: their order, what each may do, and what becomes of the message.
#include "host/testing/play.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using pigeon::Outcome;
using pigeon::Result;
using pigeon::Run;
using pigeon::host::exit_status;
using pigeon::testing::has;
using pigeon::testing::Play;

TEST_CASE("modules run in the order of the configuration, and what that does not name does not run") {
  Play play(R"(["findsLent", "stepLent", "takesLent"])");
  play.objects.add({.path = "/d/stepLent", .objectclass = "stepLent"});
  std::string order;
  play.steps.on_run = [&](Run& run) -> Result<Outcome> {
    order += "step(" + pigeon::join(run.order(), ",") + ") ";
    CHECK(run.principal());
    return Outcome::go_on;
  };
  const auto store = play.takes.on_run;
  play.takes.on_run = [&](Run& run) {
    order += "takes";
    return store(run);
  };
  CHECK(play.run().is_delivered());
  CHECK(order == "step(takesLent) takes");

  Play without(R"(["findsLent", "takesLent"])");
  without.objects.add({.path = "/d/stepLent", .objectclass = "stepLent"});
  CHECK(without.run().is_delivered());
  CHECK(without.steps.runs == 0);
}

TEST_CASE("if nobody took the message it waits, for that is our trouble") {
  Play play;
  play.takes.on_run = [](Run& /*run*/) -> Result<Outcome> { return Outcome::go_on; };
  const auto verdict = play.run();
  CHECK(exit_status(verdict) == 75);
  CHECK(has(verdict.detail, "no module took the message"));
}

TEST_CASE("once somebody has taken it, later failures are logged and change nothing") {
  Play play(R"(["findsLent", "takesLent", "stepLent"])");
  play.objects.add({.path = "/d/stepLent", .objectclass = "stepLent"});
  play.steps.on_run = [](Run& /*run*/) -> Result<Outcome> {
    return pigeon::failure(PIGEON_REFUSED, "too late");
  };
  CHECK(play.run().is_delivered());
  CHECK(play.steps.runs == 1);
  CHECK(has(play.logged(), "too late"));
}

TEST_CASE("a module that is done ends the chain") {
  Play play(R"(["findsLent", "takesLent", "stepLent"])");
  play.objects.add({.path = "/d/stepLent", .objectclass = "stepLent"});
  play.takes.on_run = [](Run& /*run*/) -> Result<Outcome> { return Outcome::done; };
  CHECK(play.run().is_delivered());
  CHECK(play.steps.runs == 0);
}

TEST_CASE("a failure before anybody took it is the verdict, as the module gave it") {
  Play play;
  play.objects.add({.path = "/d/stepLent", .objectclass = "stepLent"});
  play.steps.on_run = [](Run& /*run*/) -> Result<Outcome> {
    return pigeon::failure(PIGEON_REFUSED, "by policy").with_reason({5, 7, 9}, "not here");
  };
  const auto verdict = play.run();
  CHECK(exit_status(verdict) == 77);
  CHECK(line_for_sender(verdict) == "5.7.9 not here");
  CHECK(play.takes.runs == 0);
}

TEST_CASE("a module that throws is a bug of its own, and the mail waits") {
  Play play;
  play.takes.on_run = [](Run& /*run*/) -> Result<Outcome> { throw std::runtime_error("oh"); };
  const auto verdict = play.run();
  CHECK(verdict.status == PIGEON_BUG);
  CHECK(exit_status(verdict) == 75);
}

TEST_CASE("a module may do only what it declares") {
  Play play;
  play.objects.add({.path = "/d/stepLent", .objectclass = "stepLent"});
  play.steps.on_run = [](Run& /*run*/) -> Result<Outcome> { return Outcome::taken; };
  CHECK(play.run().status == PIGEON_BUG);
  play.steps.on_run = [](Run& run) -> Result<Outcome> {
    PIGEON_TRY(run.set_principal({.object = {.path = "/d/x", .objectclass = "mailUser"}}));
    return Outcome::go_on;
  };
  CHECK(has(play.run().detail, "found a user, undeclared"));
  play.steps.on_run = [](Run& run) -> Result<Outcome> {
    PIGEON_TRY(run.store("mda-lent", ""));
    return Outcome::go_on;
  };
  CHECK(has(play.run().detail, "before it has a mailbox"));
}

TEST_CASE("a user is found once") {
  Play play;
  const auto find = play.finds.on_run;
  play.finds.on_run = [&](Run& run) -> Result<Outcome> {
    PIGEON_TRY(find(run));
    return find(run);
  };
  CHECK(has(play.run().detail, "found a user where there is one"));
}

TEST_CASE("what finds the user stands in front of what needs one") {
  Play play(R"(["takesLent", "findsLent"])");
  play.set("/d", "acceptUnknown", "TRUE");
  play.takes.on_run = [](Run& /*run*/) -> Result<Outcome> { return Outcome::go_on; };
  const auto verdict = play.run();
  CHECK(exit_status(verdict) == 75);
  CHECK(has(verdict.remedy, "move findsLent to the front"));
}

TEST_CASE("a module replaces what is still to come, and off is remembered") {
  Play play;
  const auto find = play.finds.on_run;
  play.finds.on_run = [&](Run& run) -> Result<Outcome> {
    PIGEON_TRY(run.replace_steps({{.module = "takesLent",
                                   .object = {.path = "/d/takesLent", .objectclass = "takesLent"},
                                   .enabled = false}}));
    return find(run);
  };
  const auto verdict = play.run();
  CHECK(verdict.dsn == pigeon::Dsn{4, 2, 1});
  CHECK(play.takes.runs == 0);
}
