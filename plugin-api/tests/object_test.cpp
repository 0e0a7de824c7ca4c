// SPDX-License-Identifier: MIT
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/object.hpp>

#include <doctest/doctest.h>

#include <vector>

using pigeon::Attributes;
using pigeon::Object;
using pigeon::Slice;

namespace {

const Object alice{.path = "/example.com/mailUsers/alice",
                   .objectclass = "mailUser",
                   .auxiliary = {"a", "b"},
                   .attributes = {{"one", {"1"}}, {"two", {"1", "2"}}},
                   .alias = "/alias"};

}  // namespace

TEST_CASE("an object that was lent and copied is the same") {
  const pigeon::LentObject lent(alice);
  CHECK(lent.get().size == sizeof(pigeon_object));
  CHECK(pigeon::copy(lent.get()) == alice);
  const Object bare{.path = "/", .objectclass = "mailRoot"};
  CHECK(pigeon::copy(pigeon::LentObject(bare).get()) == bare);
}

TEST_CASE("what is lent stays valid when the lender moves") {
  std::vector<pigeon::LentObject> many;
  const Slice slice{.object = alice, .children = {alice, {.path = "/x", .objectclass = "y"}}};
  for (int i = 0; i < 20; ++i) many.emplace_back(alice);  // grows, and moves what is in it
  for (const auto& each : many) CHECK(pigeon::copy(each.get()) == alice);
  const pigeon::LentSlice lent(slice);
  const auto copied = pigeon::copy(lent.get());
  CHECK(copied.object == alice);
  CHECK(copied.children == slice.children);
}

TEST_CASE("what is lent points to the lender's texts, and copies nothing") {
  const pigeon::LentObject lent(alice);
  CHECK(lent.get().path.data == alice.path.data());
}

TEST_CASE(
    "attributes compare names without case, keep no empty ones, and give one value only where there is one") {
  Attributes attributes{{"Name", {"x"}}};
  CHECK(attributes.get("nAME") == "x");
  attributes.add("NAME", "y");
  CHECK(attributes.size() == 1);
  CHECK_FALSE(attributes.get("name"));
  CHECK(attributes.all("name").size() == 2);
  attributes.set("name", pigeon::Values{});
  CHECK(attributes.empty());
  CHECK(attributes.all("name").empty());
}

TEST_CASE("more objects than can be taken are no answer") {
  pigeon::Collector enough(2);
  pigeon::Collector short_one(1);
  for (auto* collector : {&enough, &short_one}) {
    const auto* sink = collector->sink();
    for (int i = 0; i < 2; ++i) {
      if (sink->object(sink->context, &pigeon::LentObject(alice).get()) != 0) break;
    }
  }
  CHECK(std::move(enough).take()->size() == 2);
  CHECK_FALSE(std::move(short_one).take());
}
