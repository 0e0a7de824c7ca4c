// SPDX-License-Identifier: MIT
#include "host/mail_master.hpp"

#include "host/testing/stage.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using pigeon::Done;
using pigeon::Outcome;
using pigeon::Result;
using pigeon::Run;
using pigeon::host::Attempt;
using pigeon::host::deliver;
using pigeon::host::exit_status;
using pigeon::host::OutgoingMessage;
using pigeon::host::parse_message;
using pigeon::host::parse_recipient;
using pigeon::host::Services;
using pigeon::host::Verdict;
using pigeon::testing::Stage;

namespace {

std::string fact(const Verdict& verdict, const std::string& name) {
  for (const auto& [each, value] : verdict.facts) {
    if (each == name) return value;
  }
  return "";
}

// A domain with a user, whose mail is stored by mda-lent.
struct Play : Stage {
  explicit Play(const std::string& modules = R"(["findsLent", "stepLent", "takesLent"])",
                const std::string& further = "")
      : Stage(modules, further) {
    objects.add({.path = "/d", .objectclass = "mailDomain"});
    objects.add({.path = "/d/findsLent", .objectclass = "findsLent"});
    objects.add({.path = "/d/findsLent/u", .objectclass = "mailUser"});
    objects.add({.path = "/d/takesLent", .objectclass = "takesLent"});
    finds.on_run = [](Run& run) -> Result<Outcome> {
      const auto user = PIGEON_TRY(run.fetch(run.envelope().user()));
      if (user) PIGEON_TRY(run.set_principal(*user));
      return Outcome::go_on;
    };
    takes.on_run = [](Run& run) -> Result<Outcome> {
      PIGEON_TRY(run.allocate("creator-lent", "mda-lent"));
      PIGEON_TRY(run.store("mda-lent", run.envelope().folder()));
      return Outcome::taken;
    };
  }

  void set(const std::string& path, const std::string& name, const std::string& value) {
    auto found = objects.fetch({*pigeon::TreePath::parse(path), 0, true, {}});
    auto object = (**found).front();
    object.attributes.set(name, value);
    objects.add(object);
  }

  Verdict run(const std::string& recipient = "u@d", const std::string& text = "Subject: x\n\nx\n") {
    Attempt attempt;
    attempt.request = {.recipient = recipient, .folder = folder, .queue_id = queue_id};
    attempt.address = *parse_recipient(recipient, plugins->configuration().address);
    attempt.sender = "s@x";
    attempt.is_dry = is_dry;
    attempt.explain = [&](std::string_view who, const std::string& line) {
      explained += std::string(who) + ": " + line + "\n";
    };
    const auto parsed = parse_message(text);
    const OutgoingMessage outgoing(parsed, {.sender = "s@x", .delivered_to = recipient}, false);
    attempt.parsed = &parsed;
    attempt.message = &outgoing.get();
    attempt.deadline = pigeon::Deadline::in(std::chrono::seconds(20));
    Services services = {*tree, *plugins, *allocator, *store, log};
    return deliver(attempt, services);
  }
  [[nodiscard]] std::string allocation(const std::string& name) {
    const auto found = objects.fetch({*pigeon::TreePath::parse("/d/findsLent/u"), 0, true, {}});
    return std::string((**found).front().attributes.get(name).value_or(""));
  }

  std::string folder;
  std::string queue_id;
  bool is_dry = false;
  std::string explained;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
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
