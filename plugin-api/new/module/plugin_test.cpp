// Tests of @NAME@ as it is shipped: loaded, and used as the host uses it.
#include <pigeon/sdk/module.hpp>
#include <pigeon/testing/fake_run.hpp>
#include <pigeon/testing/loaded_plugin.hpp>

#include <doctest/doctest.h>

using namespace pigeon;
using namespace pigeon::testing;

TEST_CASE("a message that is larger than the object says is refused") {
  const auto plugin = LoadedPlugin::open(PLUGIN, {});
  REQUIRE(plugin);
  FakeTree tree;
  tree.add({.path = "/example.com", .objectclass = "mailDomain"});
  Object object{.path = "/example.com/@NAME@", .objectclass = "@NAME@"};
  object.attributes.set("largestMessage", "1k");
  tree.add(object);
  for (const std::size_t size : {1024, 1025}) {
    FakeRun run(tree, object.path, {.message = std::string(size, 'x')});
    const auto outcome = run.run((*plugin)->operations<pigeon_module>(), (*plugin)->instance());
    CHECK(static_cast<bool>(outcome) == (size == 1024));
  }
}
