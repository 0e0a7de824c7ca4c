// Tests of @NAME@ as it is shipped: loaded, and used as the host uses it.
#include <pigeon/sdk/creator.hpp>
#include <pigeon/testing/fake_allocating.hpp>
#include <pigeon/testing/loaded_plugin.hpp>

#include <doctest/doctest.h>

using namespace pigeon;
using namespace pigeon::testing;

TEST_CASE("a principal is allocated once") {
  const auto plugin = LoadedPlugin::open(PLUGIN, {});
  REQUIRE(plugin);
  const auto& creator = (*plugin)->operations<pigeon_creator>();
  FakeTree tree;
  tree.add({.path = "/u", .objectclass = "mailUser"});
  FakeAllocating allocating(tree, "/u");
  for (int round = 0; round < 2; ++round) {
    REQUIRE(allocating.obtain(creator, (*plugin)->instance()));
    CHECK(allocating.id() == "proposal1");
  }
}
