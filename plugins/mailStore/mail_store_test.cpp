// SPDX-License-Identifier: MIT
#include "mail_store.hpp"

#include <pigeon/testing/fake_run.hpp>

#include <doctest/doctest.h>

namespace {

using pigeon::Attributes;
using pigeon::Object;
using pigeon::Slice;
using pigeon::testing::FakeRun;
using pigeon::testing::FakeTree;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Stored {
  FakeTree tree;
  FakeRun run;
  pigeon::Result<pigeon::Outcome> outcome = pigeon::Outcome::go_on;

  // One run of mailStore for a principal of these classes, with a mailStore object like this.
  Stored(Object object, std::vector<std::string> principal_classes, FakeRun::Given given,
         Attributes settings = {{"mda", {"mda-default"}}, {"creator", {"creator-x"}}})
      : run(prepare(tree, std::move(object)), "/d/mailStore", std::move(given)) {
    run.principal = Slice{
        {.path = "/d/mailUsers/u", .objectclass = "mailUser", .auxiliary = std::move(principal_classes)}};
    mail_store::MailStore module{pigeon::Settings(std::move(settings))};
    outcome = run.run(module);
  }

 private:
  static FakeTree& prepare(FakeTree& tree, Object object) {
    tree.add({.path = "/d", .objectclass = "mailDomain"});
    object.path = "/d/mailStore";
    object.objectclass = "mailStore";
    tree.add(object);
    return tree;
  }
};

const FakeRun::Given plain = {.local_part = "u", .user = "u", .domain = "d"};
const FakeRun::Given with_detail = {.local_part = "u+lists", .user = "u", .detail = "lists", .domain = "d"};

}  // namespace

TEST_CASE(
    "the storage format comes from the allocation, the class, the property, the configuration, in this "
    "order") {
  const Object with_all{.auxiliary = {"mda-class"}, .attributes = {{"mda", {"mda-property"}}}};
  const Object with_property{.attributes = {{"mda", {"mda-property"}}}};
  CHECK(Stored(with_all, {"mda-allocatedAllocation"}, plain).run.stored == Pairs{{"mda-allocated", ""}});
  CHECK(Stored(with_all, {}, plain).run.stored == Pairs{{"mda-class", ""}});
  CHECK(Stored(with_property, {}, plain).run.stored == Pairs{{"mda-property", ""}});
  CHECK(Stored({}, {}, plain).run.stored == Pairs{{"mda-default", ""}});
}

TEST_CASE("two storage formats on one object, by class or by property, are a mistake in the tree") {
  const Object two_classes{.auxiliary = {"mda-a", "mda-b"}};
  const Object two_values{.attributes = {{"mda", {"mda-a", "mda-b"}}}};
  for (const auto& object : {two_classes, two_values}) {
    const Stored stored(object, {}, plain);
    REQUIRE_FALSE(stored.outcome);
    CHECK(stored.outcome.failure().status == PIGEON_MISCONFIGURED);
    CHECK(stored.run.stored.empty());
  }
}

TEST_CASE("what is told to be typed into a shell does nothing else there, whatever the tree holds") {
  const Object hostile{.attributes = {{"mda", {"$(touch /tmp/x);", "mda-b"}}}};
  const Stored stored(hostile, {}, plain);
  REQUIRE_FALSE(stored.outcome);
  CHECK(stored.outcome.failure().remedy == "pigeonctl tree set /d/mailStore mda='$(touch /tmp/x);'");
}

TEST_CASE("a mailbox is allocated by the configured creator before anything is stored") {
  const Stored stored({}, {}, plain);
  CHECK(stored.run.allocated == Pairs{{"creator-x", "mda-default"}});
  CHECK(stored.run.stored.size() == 1);
}

TEST_CASE("the message is taken once it is stored, and not before") {
  const Stored stored({}, {}, plain);
  REQUIRE(stored.outcome);
  CHECK(*stored.outcome == pigeon::Outcome::taken);

  FakeTree tree;
  tree.add({.path = "/d", .objectclass = "mailDomain"});
  tree.add({.path = "/d/mailStore", .objectclass = "mailStore"});
  mail_store::MailStore module{pigeon::Settings({{"mda", {"mda-x"}}, {"creator", {"creator-x"}}})};
  FakeRun failing(tree, "/d/mailStore", plain);
  failing.principal = Slice{{.path = "/d/mailUsers/u", .objectclass = "mailUser"}};
  failing.store_failure = pigeon::temporary("disk");
  CHECK_FALSE(failing.run(module));
  failing.allocation_failure = pigeon::temporary("tree");
  failing.stored.clear();
  CHECK_FALSE(failing.run(module));
  CHECK(failing.stored.empty());
}

TEST_CASE(
    "the folder that the MTA asks for comes before the detail, and the detail only where it is wanted") {
  const Object wanted{.attributes = {{"detailFolder", {"TRUE"}}}};
  const Object unwanted{.attributes = {{"detailFolder", {"FALSE"}}}};
  const Attributes by_default = {{"mda", {"m"}}, {"creator", {"c"}}, {"detailFolder", {"TRUE"}}};
  CHECK(Stored({}, {}, with_detail).run.stored.front().second.empty());
  CHECK(Stored(wanted, {}, with_detail).run.stored.front().second == "lists");
  CHECK(Stored({}, {}, with_detail, by_default).run.stored.front().second == "lists");
  CHECK(Stored(unwanted, {}, with_detail, by_default).run.stored.front().second.empty());
  auto asked = with_detail;
  asked.folder = "Work";
  CHECK(Stored(wanted, {}, asked).run.stored.front().second == "Work");
}
