// Tests of @NAME@ as it is shipped: loaded, and used as the host uses it.
#include <pigeon/sdk/mda.hpp>
#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/loaded_plugin.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

using namespace pigeon;
using namespace pigeon::testing;

TEST_CASE("a message is stored once per delivery id") {
  const TemporaryDirectory directory;
  const auto plugin = LoadedPlugin::open(PLUGIN, {{"base", {directory / "mail"}}});
  REQUIRE(plugin);
  REQUIRE((*plugin)->initialize());
  const auto& mda = (*plugin)->operations<pigeon_mda>();
  const Allocation alice = {.id = "a1", .attributes = {{"home", {"example.com/alice"}}}, .principal = {}};
  auto error = blank_error();
  REQUIRE(mda.ensure((*plugin)->instance(), &LentAllocation(alice).get(), 0, &error) == PIGEON_OK);
  for (const bool is_retry : {false, true}) {
    FakeDelivery delivery(alice, "id1", "Subject: x\n\nHello.\n");
    const auto* lent = &delivery.lent();
    mda.deliver((*plugin)->instance(), &lent, 1);
    CHECK(delivery.status() == PIGEON_OK);
    CHECK(delivery.was_there() == is_retry);
  }
}
