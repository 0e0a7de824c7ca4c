// SPDX-License-Identifier: MIT
#include "host/allocator.hpp"

#include "host/testing/stage.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using pigeon::Allocating;
using pigeon::Allocation;
using pigeon::Condition;
using pigeon::Done;
using pigeon::Object;
using pigeon::Result;
using pigeon::host::Attempt;
using pigeon::host::standing_allocation;
using pigeon::testing::Stage;

namespace {

struct Scene : Stage {
  Scene() {
    objects.add({.path = "/d", .objectclass = "mailDomain"});
    objects.add({.path = "/d/m", .objectclass = "people"});
    objects.add({.path = "/d/m/u", .objectclass = "mailUser"});
  }

  [[nodiscard]] pigeon::Slice slice(const std::string& path) {
    auto found = objects.fetch({*pigeon::TreePath::parse(path), 1, true, {}});
    return *pigeon::slice_of(**std::move(found));
  }
  Result<Allocation> allocate(const Object& module_object = {.path = "/d/m/u/s",
                                                             .objectclass = "takesLent"}) {
    Attempt attempt;
    attempt.domain = slice("/d");
    attempt.principal = slice("/d/m/u");
    attempt.deadline = pigeon::Deadline::in(std::chrono::seconds(20));
    return allocator->allocate(attempt, module_object, "creator-lent", "mda-lent");
  }
  [[nodiscard]] std::string attribute(const std::string& name) {
    return std::string(slice("/d/m/u").object.attributes.get(name).value_or(""));
  }
};

Object user_with(std::vector<std::string> classes, pigeon::Attributes attributes) {
  return {.path = "/d/m/u",
          .objectclass = "mailUser",
          .auxiliary = std::move(classes),
          .attributes = std::move(attributes)};
}

std::string complaint(const Result<Allocation>& result) {
  return result ? "none" : result.failure().detail;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an allocation is proposed, committed, made real, and only then ready") {
  Scene scene;
  std::string ready_when_made = "unset";
  scene.mda.on_ensure = [&](const Allocation& allocation) {
    ready_when_made = scene.attribute("ready");
    CHECK(scene.attribute("id") == allocation.id);
    return Done();
  };
  const auto allocation = scene.allocate();
  REQUIRE(allocation);
  CHECK(ready_when_made == "FALSE");
  CHECK(scene.attribute("ready") == "TRUE");
  CHECK(scene.attribute("place") == "/u@d");
  CHECK(allocation->id == scene.attribute("id"));
  CHECK(allocation->id.size() == 32);
  CHECK(scene.slice("/d/m/u").object.has_auxiliary("mda-lentAllocation"));
}

TEST_CASE("an allocation that is there and not ready is made real, under its id") {
  Scene scene;
  scene.objects.add(
      user_with({"mda-lentAllocation"}, {{"id", {"i"}}, {"place", {"/p"}}, {"ready", {"FALSE"}}}));
  const auto allocation = scene.allocate();
  REQUIRE(allocation);
  CHECK(allocation->id == "i");
  CHECK(scene.mda.asked == std::vector<std::string>{"ensure"});
  CHECK(scene.attribute("ready") == "TRUE");
}

TEST_CASE("a mailbox that cannot be made is not said to be ready") {
  Scene scene;
  scene.mda.on_ensure = [](const Allocation& /*allocation*/) { return pigeon::temporary("no disk"); };
  CHECK(has(complaint(scene.allocate()), "no disk"));
  CHECK(scene.attribute("ready") == "FALSE");
  scene.mda.on_ensure = nullptr;
  CHECK(scene.allocate());
}

TEST_CASE("whoever loses the race reads the winner's allocation, and makes nothing of his own") {
  Scene scene;
  scene.creator.on_obtain = [&](Allocating& allocating) -> Done {
    PIGEON_TRY(allocating.propose());
    scene.objects.add(
        user_with({"mda-lentAllocation"}, {{"id", {"winner"}}, {"place", {"/w"}}, {"ready", {"TRUE"}}}));
    CHECK_FALSE(PIGEON_TRY(allocating.commit(Condition::if_absent)));
    CHECK(PIGEON_TRY(allocating.read()));
    return {};
  };
  const auto allocation = scene.allocate();
  REQUIRE(allocation);
  CHECK(allocation->id == "winner");
  CHECK(allocation->attributes.get("place") == "/w");
  CHECK(scene.attribute("id") == "winner");
}

TEST_CASE("an allocation that was replaced while it was made is not marked as ready") {
  Scene scene;
  scene.mda.on_ensure = [&](const Allocation& /*allocation*/) {
    scene.objects.add(
        user_with({"mda-lentAllocation"}, {{"id", {"other"}}, {"place", {"/o"}}, {"ready", {"FALSE"}}}));
    return Done();
  };
  CHECK(has(complaint(scene.allocate()), "its allocation was replaced meanwhile"));
  CHECK(scene.attribute("ready") == "FALSE");
}

TEST_CASE("a creator that says it did and did not is a bug") {
  Scene scene;
  scene.creator.on_obtain = [](Allocating& /*allocating*/) { return Done(); };
  CHECK(has(complaint(scene.allocate()), "says it obtained an allocation, and there is none"));
  scene.creator.on_obtain = [](Allocating& allocating) -> Done {
    static_cast<void>(PIGEON_TRY(allocating.commit(Condition::always)));
    return {};
  };
  CHECK(has(complaint(scene.allocate()), "commit before propose"));
  scene.creator.on_obtain = [](Allocating& allocating) -> Done {
    PIGEON_TRY(allocating.propose());
    static_cast<void>(PIGEON_TRY(allocating.commit(Condition::locked)));
    return {};
  };
  CHECK(has(complaint(scene.allocate()), "commit under a lock without one"));
}

TEST_CASE("a commit under a lock that was lost changes nothing") {
  Scene scene;
  scene.creator.on_obtain = [&](Allocating& allocating) -> Done {
    PIGEON_TRY(allocating.lock(std::chrono::milliseconds(1)));
    PIGEON_TRY(allocating.propose());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const auto path = *pigeon::TreePath::parse("/d/m/u");
    CHECK(scene.objects.unlock(path, "token1", {}));
    CHECK(scene.objects.lock(path, std::chrono::seconds(1), pigeon::Deadline::in(std::chrono::seconds(5))));
    if (PIGEON_TRY(allocating.commit(Condition::locked))) return {};
    return pigeon::temporary("lost the lock");
  };
  CHECK(has(complaint(scene.allocate()), "lost the lock"));
  CHECK(scene.attribute("id").empty());
}

TEST_CASE("a user who is removed meanwhile is trouble that passes") {
  Scene scene;
  scene.creator.on_obtain = [&](Allocating& allocating) -> Done {
    PIGEON_TRY(allocating.propose());
    CHECK(scene.objects.apply(
        {.path = *pigeon::TreePath::parse("/d/m/u"), .changes = {pigeon::Change::remove()}, .deadline = {}}));
    static_cast<void>(PIGEON_TRY(allocating.commit(Condition::if_absent)));
    return {};
  };
  const auto result = scene.allocate();
  REQUIRE_FALSE(result);
  CHECK(PIGEON_STATUS_RANGE(result.failure().status) == PIGEON_TEMPORARY);
}

TEST_CASE("a proposal is looked at before it goes into the tree for good") {
  Scene scene;
  const auto propose = [&](const pigeon::Attributes& attributes) {
    scene.mda.on_propose = [=](const pigeon::Principal&, const pigeon::Attributes&) { return attributes; };
    return complaint(scene.allocate());
  };
  CHECK(has(propose({{"place", {"/x"}}, {"colour", {"red"}}}), "'colour', which it does not declare"));
  CHECK(has(propose({}), "without 'place'"));
  CHECK(has(propose({{"place", {"\xff"}}}), "whose 'place' must be UTF-8"));
  CHECK(scene.attribute("id").empty());
}

TEST_CASE("a request is for one user, and is copied into the allocation once") {
  Scene scene;
  scene.objects.add({.path = "/d/m/u/s", .objectclass = "takesLent", .attributes = {{"place", {"/wanted"}}}});
  CHECK(scene.allocate()->attributes.get("place") == "/wanted");
  scene.objects.add({.path = "/d/m/u/s", .objectclass = "takesLent", .attributes = {{"place", {"/moved"}}}});
  CHECK(scene.allocate()->attributes.get("place") == "/wanted");
  CHECK(has(scene.logged(), "the mail stays where it is"));
}

TEST_CASE("a request on the domain is a mistake: it would put every user into one mailbox") {
  Scene scene;
  scene.objects.add({.path = "/d/s", .objectclass = "takesLent", .attributes = {{"place", {"/all"}}}});
  const auto result = scene.allocate();
  REQUIRE_FALSE(result);
  CHECK(result.failure().status == PIGEON_MISCONFIGURED);
  CHECK(result.failure().remedy == "pigeonctl tree unset /d/s place");
}

TEST_CASE("what stands on a principal is one allocation with an id, or a mistake") {
  CHECK_FALSE(*standing_allocation(user_with({}, {{"id", {"i"}}})));
  CHECK((*standing_allocation(user_with({"mda-xAllocation"}, {{"id", {"i"}}})))->mda == "mda-x");
  CHECK((*standing_allocation(user_with({"mda-xALLOCATION"}, {{"id", {"i"}}})))->mda == "mda-x");
  CHECK_FALSE(*standing_allocation(user_with({"Allocation", "mda-x"}, {{"id", {"i"}}})));
  CHECK_FALSE(standing_allocation(user_with({"mda-xAllocation"}, {})));
  CHECK_FALSE(standing_allocation(user_with({"mda-xAllocation"}, {{"id", {"i", "j"}}})));
  CHECK_FALSE(standing_allocation(user_with({"mda-xAllocation", "mda-yAllocation"}, {{"id", {"i"}}})));
  CHECK_FALSE(standing_allocation(user_with({"mda-xAllocation"}, {{"id", {"i"}}, {"ready", {"yes"}}})));
}

TEST_CASE("an allocation of another format is never taken for one of ours") {
  Scene scene;
  scene.objects.add(
      user_with({"mda-otherAllocation"}, {{"id", {"i"}}, {"place", {"/p"}}, {"ready", {"TRUE"}}}));
  const auto result = scene.allocate();
  REQUIRE_FALSE(result);
  CHECK(has(result.failure().detail, "has one of mda-other"));
}

TEST_CASE("preferences have the defaults that the MDA declares, and are checked") {
  Scene scene;
  const auto* mda = *scene.plugins->open(PIGEON_KIND_MDA, "mda-lent");
  const auto preferences = [&](pigeon::Attributes attributes) {
    return pigeon::host::Allocator::preferences(
        {.path = "/d/s", .objectclass = "takesLent", .attributes = std::move(attributes)}, *mda);
  };
  CHECK(preferences({})->text("colour") == "red");
  CHECK_FALSE(preferences({})->has("limit"));
  CHECK(preferences({{"COLOUR", {"green"}}, {"other", {"x"}}})->text("colour") == "green");
  CHECK_FALSE(preferences({{"place", {"/x"}}})->has("place"));
  CHECK_FALSE(preferences({{"colour", {"blue"}}}));
  CHECK_FALSE(preferences({{"colour", {"red", "green"}}}));
  CHECK_FALSE(preferences({{"limit", {"many"}}}));
}
