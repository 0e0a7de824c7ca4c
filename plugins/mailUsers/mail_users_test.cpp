// SPDX-License-Identifier: MIT
#include "mail_users.hpp"

#include <pigeon/testing/fake_run.hpp>

#include <doctest/doctest.h>

namespace {

using pigeon::Attributes;
using pigeon::testing::FakeRun;
using pigeon::testing::FakeTree;

struct Domain {
  FakeTree tree;
  mail_users::MailUsers module;

  Domain() {
    tree.add({.path = "/example.com", .objectclass = "mailDomain"});
    tree.add({.path = "/example.com/mailUsers", .objectclass = "mailUsers"});
    tree.add({.path = "/example.com/mailStore", .objectclass = "mailStore"});
  }
  void add_user(const std::string& name) {
    tree.add({.path = "/example.com/mailUsers/" + name, .objectclass = "mailUser"});
  }
  FakeRun run(const std::string& local_part, const std::string& user) {
    return FakeRun(tree, "/example.com/mailUsers",
                   {.local_part = local_part, .user = user, .order = {"mailStore"}});
  }
};

}  // namespace

TEST_CASE("a user is found, and the domain's modules are still to come") {
  Domain domain;
  domain.add_user("alice");
  auto run = domain.run("alice", "alice");
  REQUIRE(run.run(domain.module));
  REQUIRE(run.principal);
  CHECK(run.principal->object.path == "/example.com/mailUsers/alice");
  REQUIRE(run.steps.size() == 1);
  CHECK(run.steps.front().object.path == "/example.com/mailStore");
}

TEST_CASE("the whole local part is looked up before the user without the detail") {
  Domain domain;
  domain.add_user("info");
  domain.add_user("info+news");
  auto whole = domain.run("info+news", "info");
  REQUIRE(whole.run(domain.module));
  CHECK(whole.principal->object.path == "/example.com/mailUsers/info+news");
  auto detail = domain.run("info+other", "info");
  REQUIRE(detail.run(domain.module));
  CHECK(detail.principal->object.path == "/example.com/mailUsers/info");
}

TEST_CASE("a user who is not there is nobody, and nothing is decided") {
  Domain domain;
  auto run = domain.run("alice", "alice");
  const auto outcome = run.run(domain.module);
  REQUIRE(outcome);
  CHECK(*outcome == pigeon::Outcome::go_on);
  CHECK_FALSE(run.principal);
  CHECK(run.steps.empty());
}

TEST_CASE("a tree that cannot be asked is a failure, never nobody") {
  Domain domain;
  domain.add_user("alice");
  auto run = domain.run("alice", "alice");
  domain.tree.break_with(pigeon::unavailable("the server is down"));
  const auto outcome = run.run(domain.module);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.failure().status == PIGEON_UNAVAILABLE);
  CHECK_FALSE(run.principal);
}

TEST_CASE("what is no user stands where users are: a mistake in the tree") {
  Domain domain;
  domain.tree.add({.path = "/example.com/mailUsers/alice", .objectclass = "mailStore"});
  auto run = domain.run("alice", "alice");
  const auto outcome = run.run(domain.module);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.failure().status == PIGEON_MISCONFIGURED);
}

TEST_CASE("the user's own module is used instead of the domain's") {
  Domain domain;
  domain.add_user("alice");
  domain.tree.add({.path = "/example.com/mailUsers/alice/mailStore",
                   .objectclass = "mailStore",
                   .attributes = Attributes{{"enable", {"FALSE"}}}});
  auto run = domain.run("alice", "alice");
  REQUIRE(run.run(domain.module));
  REQUIRE(run.steps.size() == 1);
  CHECK(run.steps.front().object.path == "/example.com/mailUsers/alice/mailStore");
  CHECK_FALSE(run.steps.front().enabled);
}
