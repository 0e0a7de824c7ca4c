// Tests of @NAME@ as it is shipped: loaded, and used as the host uses it.
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/testing/loaded_plugin.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

using namespace pigeon;
using namespace pigeon::testing;

TEST_CASE("what is in the file is found, and what is not is not there") {
  TemporaryDirectory directory;
  static_cast<void>(directory.write("tree", "/ mailRoot tree=example\n/example.com mailDomain\n"));
  const auto plugin = LoadedPlugin::open(PLUGIN, {{"file", {directory / "tree"}}});
  REQUIRE(plugin);
  const auto fetch = [&](const std::string& path) {
    Collector found(100);
    const pigeon_fetch request = {sizeof request, 0, 0, borrow(path), 0, 0};
    auto error = blank_error();
    return (*plugin)->operations<pigeon_datatree>().fetch((*plugin)->instance(), &request, found.sink(),
                                                          &error);
  };
  CHECK(fetch("/example.com") == PIGEON_OK);
  CHECK(fetch("/example.net") == PIGEON_NOT_THERE);
  CHECK(fetch("/example.net/mailUsers") == PIGEON_UNAVAILABLE);
}
