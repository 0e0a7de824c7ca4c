// SPDX-License-Identifier: MIT
#include "optimistic.hpp"

#include <pigeon/testing/fake_allocating.hpp>

#include <doctest/doctest.h>

namespace {

using pigeon::Attributes;
using pigeon::testing::FakeAllocating;
using pigeon::testing::FakeTree;

struct Fixture {
  FakeTree tree;
  FakeAllocating allocating{tree, "/u"};
  creator_optimistic::Optimistic creator;

  Fixture() { tree.add({.path = "/u", .objectclass = "mailUser"}); }
  void allocate_elsewhere() {
    tree.add({.path = "/u", .objectclass = "mailUser", .attributes = Attributes{{"id", {"theirs"}}}});
  }
};

}  // namespace

TEST_CASE("the first one allocates") {
  Fixture f;
  REQUIRE(f.allocating.obtain(f.creator));
  CHECK(f.allocating.id() == "proposal1");
}

TEST_CASE("an allocation that is there is taken, and nothing is proposed") {
  Fixture f;
  f.allocate_elsewhere();
  REQUIRE(f.allocating.obtain(f.creator));
  CHECK(f.allocating.asked == std::vector<std::string>{"read"});
}

TEST_CASE("whoever loses takes the winner's") {
  Fixture f;
  f.allocating.meanwhile = [&](const std::string& operation) {
    if (operation == "commit") f.allocate_elsewhere();
  };
  REQUIRE(f.allocating.obtain(f.creator));
  CHECK(f.allocating.id() == "theirs");
  CHECK(f.allocating.asked == std::vector<std::string>{"read", "propose", "commit", "read"});
}

TEST_CASE("the deadline ends it, where others keep on allocating and removing") {
  Fixture f;
  f.allocating.meanwhile = [&](const std::string& operation) {
    if (operation == "commit") f.allocate_elsewhere();
    if (operation == "read") f.tree.add({.path = "/u", .objectclass = "mailUser"});
  };
  const auto obtained = f.allocating.obtain(f.creator, pigeon::Deadline::in(std::chrono::milliseconds(20)));
  REQUIRE_FALSE(obtained);
  CHECK(obtained.failure().status == PIGEON_TIMEOUT);
}

TEST_CASE("a tree that cannot be asked is a failure") {
  Fixture f;
  f.tree.break_with(pigeon::unavailable("down"));
  CHECK_FALSE(f.allocating.obtain(f.creator));
}
