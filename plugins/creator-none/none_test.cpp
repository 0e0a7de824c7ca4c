// SPDX-License-Identifier: MIT
#include "none.hpp"

#include <pigeon/testing/fake_allocating.hpp>

#include <doctest/doctest.h>

TEST_CASE("it allocates, and does not look whether somebody else has") {
  pigeon::testing::FakeTree tree;
  tree.add({.path = "/u", .objectclass = "mailUser", .attributes = pigeon::Attributes{{"id", {"theirs"}}}});
  pigeon::testing::FakeAllocating allocating{tree, "/u"};
  creator_none::None creator;
  REQUIRE(allocating.obtain(creator));
  CHECK(allocating.id() == "proposal1");
}

TEST_CASE("a tree that cannot be written is a failure") {
  pigeon::testing::FakeTree tree;
  tree.add({.path = "/u", .objectclass = "mailUser"});
  pigeon::testing::FakeAllocating allocating{tree, "/u"};
  tree.break_with(pigeon::unavailable("down"));
  creator_none::None creator;
  CHECK_FALSE(allocating.obtain(creator));
}
