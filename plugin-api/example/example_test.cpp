// SPDX-License-Identifier: MIT
//
// Each example as it is shipped: loaded, and used by the fakes as the host uses it.
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/testing/fake_allocating.hpp>
#include <pigeon/testing/fake_delivery.hpp>
#include <pigeon/testing/fake_run.hpp>
#include <pigeon/testing/loaded_plugin.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

namespace {

using namespace pigeon;           // NOLINT(google-build-using-namespace)
using namespace pigeon::testing;  // NOLINT(google-build-using-namespace)

std::unique_ptr<LoadedPlugin> load(const std::string& name, const Attributes& settings = {}) {
  auto plugin = LoadedPlugin::open(PIGEON_EXAMPLES "/" + name + ".so", settings);
  INFO(name);
  REQUIRE(plugin);
  REQUIRE((*plugin)->descriptor().name == name);
  return *std::move(plugin);
}

// One of the MDAs, with a base of its own.
struct Mda {
  TemporaryDirectory directory;
  std::unique_ptr<LoadedPlugin> plugin;
  const pigeon_mda& operations;
  Allocation alice = {.id = "a1", .attributes = {{"home", {"example.com/alice"}}}, .principal = {}};

  explicit Mda(const std::string& name)
      : plugin(load(name, {{"base", {directory / "mail"}}})), operations(plugin->operations<pigeon_mda>()) {}

  pigeon_status ensure(const Allocation& allocation) const {
    auto error = blank_error();
    return operations.ensure(plugin->instance(), &LentAllocation(allocation).get(), 0, &error);
  }
  void deliver(const FakeDelivery& delivery) const {
    const auto* lent = &delivery.lent();
    operations.deliver(plugin->instance(), &lent, 1);
  }
  // The messages of alice, by content.
  [[nodiscard]] std::vector<std::string> mail() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory / "mail/example.com/alice")) {
      const auto name = entry.path().filename().string();
      if (name.front() != '.') found.push_back(directory.read("mail/example.com/alice/" + name));
    }
    return found;
  }
};

std::string home_proposed(const Mda& mda, const Principal& principal) {
  const pigeon_principal lent = {sizeof lent, 0, borrow(principal.domain), borrow(principal.user)};
  std::string home;
  const pigeon_attribute_sink sink = {
      sizeof sink, 0, &home, [](void* context, pigeon_string /*name*/, pigeon_string value) noexcept {
        *static_cast<std::string*>(context) = copy(value);
      }};
  auto error = blank_error();
  const auto status = mda.operations.propose(mda.plugin->instance(), &lent, nullptr, 0, &sink, &error);
  return status == PIGEON_OK ? home : "";
}

const std::vector<std::string> both_mdas = {"mda-plain", "mda-plain-c"};

}  // namespace

TEST_CASE("an example MDA stores a message whole, once per delivery id") {
  for (const auto& name : both_mdas) {
    CAPTURE(name);
    const Mda mda(name);
    REQUIRE(mda.plugin->initialize());
    REQUIRE(mda.ensure(mda.alice) == PIGEON_OK);
    FakeDelivery first(mda.alice, "id1", "Subject: x\n\none\n");
    FakeDelivery retry(mda.alice, "id1", "Subject: x\n\none\n");
    FakeDelivery second(mda.alice, "id2", "Subject: x\n\ntwo\n", "Work");
    for (auto* delivery : {&first, &retry, &second}) {
      mda.deliver(*delivery);
      REQUIRE(delivery->status() == PIGEON_OK);
    }
    CHECK_FALSE(first.was_there());
    CHECK(retry.was_there());
    CHECK(second.had_no_such_folder());
    auto mail = mda.mail();
    std::sort(mail.begin(), mail.end());
    CHECK(mail == std::vector{first.whole(), second.whole()});
  }
}

TEST_CASE(
    "an example MDA takes equal messages without an id of their own for two, and one that did not end for "
    "one") {
  for (const auto& name : both_mdas) {
    CAPTURE(name);
    const Mda mda(name);
    REQUIRE(mda.plugin->initialize());
    REQUIRE(mda.ensure(mda.alice) == PIGEON_OK);
    FakeDelivery one(mda.alice, "id1", "x\n", {}, {}, false);
    FakeDelivery another(mda.alice, "id1", "x\n", {}, {}, false);
    mda.deliver(one);
    mda.deliver(another);
    CHECK(mda.mail().size() == 2);
    // As a process leaves it that dies before the last rename.
    static_cast<void>(mda.directory.write("mail/example.com/alice/.id2", one.whole()));
    FakeDelivery retry(mda.alice, "id2", "x\n", {}, {}, false);
    mda.deliver(retry);
    CHECK(retry.status() == PIGEON_OK);
    CHECK(retry.was_there());
    CHECK(mda.mail() == std::vector<std::string>(3, one.whole()));
  }
}

TEST_CASE(
    "an example MDA stores nothing where the mailbox is not the allocation's, or its base is not mounted") {
  for (const auto& name : both_mdas) {
    CAPTURE(name);
    const Mda mda(name);
    FakeDelivery early(mda.alice, "id1", "x\n");
    mda.deliver(early);
    CHECK(early.failure().status == PIGEON_MISCONFIGURED);
    CHECK(mda.ensure(mda.alice) == PIGEON_MISCONFIGURED);
    REQUIRE(mda.plugin->initialize());
    FakeDelivery gone(mda.alice, "id1", "x\n");
    mda.deliver(gone);
    CHECK(gone.failure().status == PIGEON_MISCONFIGURED);
    CHECK_FALSE(std::filesystem::exists(mda.directory / "mail/example.com"));
    REQUIRE(mda.ensure(mda.alice) == PIGEON_OK);
    auto other = mda.alice;
    other.id = "a2";
    CHECK(mda.ensure(other) == PIGEON_MISCONFIGURED);
    FakeDelivery foreign(other, "id1", "x\n");
    mda.deliver(foreign);
    CHECK(foreign.failure().status == PIGEON_MISCONFIGURED);
    CHECK(mda.mail().empty());
  }
}

TEST_CASE("no name of a user, and no home in the tree, leads an example MDA out of its base") {
  for (const auto& name : both_mdas) {
    CAPTURE(name);
    const Mda mda(name);
    REQUIRE(mda.plugin->initialize());
    CHECK(home_proposed(mda, {"example.com", "alice"}) == "example.com/alice");
    CHECK(home_proposed(mda, {"example.com", ""}) == "example.com/=unknown");
    for (const auto* user : {"..", ".", ".ssh", "a/b", "a\nb", "../../etc"}) {
      CAPTURE(user);
      CHECK(home_proposed(mda, {"example.com", user}).empty());
    }
    for (const auto* home : {"../out", "/tmp", "example.com/../../out", "", "example.com/"}) {
      CAPTURE(home);
      CHECK(mda.ensure({.id = "a1", .attributes = {{"home", {home}}}}) == PIGEON_MISCONFIGURED);
    }
    const TemporaryDirectory elsewhere;
    std::filesystem::create_directory_symlink(elsewhere.path(), mda.directory / "mail/example.com");
    CHECK(mda.ensure(mda.alice) != PIGEON_OK);
    CHECK(std::filesystem::is_empty(elsewhere.path()));
  }
}

TEST_CASE("the example module refuses what is larger than its object says, and nothing else") {
  const auto plugin = load("mailLimit");
  const auto outcome = [&](const std::string& limit, const std::string& message) {
    FakeTree tree;
    tree.add({.path = "/example.com", .objectclass = "mailDomain"});
    Object object{.path = "/example.com/mailLimit", .objectclass = "mailLimit"};
    if (!limit.empty()) object.attributes.set("largestMessage", limit);
    tree.add(object);
    FakeRun run(tree, object.path, {.message = message});
    return run.run(plugin->operations<pigeon_module>(), plugin->instance());
  };
  const auto passes = outcome("1k", "small\n");
  REQUIRE(passes);
  CHECK(*passes == Outcome::go_on);
  CHECK(outcome("", std::string(5000, 'x')));
  const auto refused = outcome("1k", std::string(1025, 'x'));
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().status == PIGEON_MESSAGE_REFUSED);
  CHECK(refused.failure().reason == "message too large");
  const auto nonsense = outcome("big", "x");
  REQUIRE_FALSE(nonsense);
  CHECK(nonsense.failure().status == PIGEON_MISCONFIGURED);
}

TEST_CASE("the example creator allocates once, and takes what somebody else has committed meanwhile") {
  const auto plugin = load("creator-first");
  const auto& creator = plugin->operations<pigeon_creator>();
  FakeTree tree;
  tree.add({.path = "/u", .objectclass = "mailUser"});
  FakeAllocating mine(tree, "/u");
  REQUIRE(mine.obtain(creator, plugin->instance()));
  CHECK(mine.id() == "proposal1");
  REQUIRE(mine.obtain(creator, plugin->instance()));
  CHECK(mine.id() == "proposal1");

  tree.add({.path = "/v", .objectclass = "mailUser"});
  FakeAllocating late(tree, "/v");
  late.meanwhile = [&](const std::string& operation) {
    if (operation == "commit")
      tree.add({.path = "/v", .objectclass = "mailUser", .attributes = {{"id", {"theirs"}}}});
  };
  REQUIRE(late.obtain(creator, plugin->instance()));
  CHECK(late.id() == "theirs");
}

namespace {

// What the example datatree answers for a file of this text.
struct Lines {
  TemporaryDirectory directory;
  std::unique_ptr<LoadedPlugin> plugin;

  explicit Lines(const std::string& text)
      : plugin(load("datatree-lines", {{"file", {directory.write("tree", text)}}})) {}

  [[nodiscard]] std::pair<pigeon_status, Objects> fetch(const std::string& path, std::uint32_t depth) const {
    Collector found(100);
    const pigeon_fetch request = {sizeof request, 0, 0, borrow(path), depth, 0};
    auto error = blank_error();
    const auto status =
        plugin->operations<pigeon_datatree>().fetch(plugin->instance(), &request, found.sink(), &error);
    return {status, *std::move(found).take()};
  }
};

const std::string example_tree =
    "/ mailRoot tree=example\n"
    "/example.com mailDomain acceptUnknown=TRUE\n"
    "/example.com/mailUsers mailUsers\n"
    "/example.com/mailUsers/alice mailUser +mda-plainAllocation home=a%20b id=1 id=2\n";

}  // namespace

TEST_CASE("the example datatree gives an object and what is below it") {
  const Lines lines(example_tree);
  const auto [status, objects] = lines.fetch("/example.com/mailUsers/alice", 0);
  REQUIRE(status == PIGEON_OK);
  REQUIRE(objects.size() == 1);
  CHECK(objects[0] == Object{.path = "/example.com/mailUsers/alice",
                             .objectclass = "mailUser",
                             .auxiliary = {"mda-plainAllocation"},
                             .attributes = {{"home", {"a b"}}, {"id", {"1", "2"}}}});
  CHECK(lines.fetch("/example.com", 1).second.size() == 2);
  CHECK(lines.fetch("/", 9).second.size() == 4);
}

TEST_CASE("the example datatree says \"not there\" only below a parent that is") {
  const Lines lines(example_tree);
  CHECK(lines.fetch("/example.net", 0).first == PIGEON_NOT_THERE);
  CHECK(lines.fetch("/example.com/mailUsers/bob", 0).first == PIGEON_NOT_THERE);
  CHECK(lines.fetch("/example.net/mailUsers/bob", 0).first == PIGEON_UNAVAILABLE);
}

TEST_CASE("the example datatree answers nothing from a file that is empty, cut off or no tree") {
  for (const auto* text :
       {"", "/ mailRoot", "/ mailDomain\n", "/example.com mailDomain\n", "/ mailRoot\nnonsense\n",
        "/ mailRoot\n/a mailDomain x\n", "/ mailRoot\n/a mailDomain x=%zz\n"}) {
    CAPTURE(text);
    CHECK(PIGEON_STATUS_RANGE(Lines(text).fetch("/example.com", 0).first) == PIGEON_TEMPORARY);
  }
}

TEST_CASE("the example datatree gives children page by page") {
  const Lines lines("/ mailRoot\n/b mailDomain\n/a mailDomain\n/a/x mailUsers\n/c mailDomain\n");
  const auto page = [&](const std::string& after, std::uint32_t limit) {
    Collector found(100);
    const pigeon_page request = {sizeof request, limit, 0, borrow("/"), borrow(after)};
    auto error = blank_error();
    REQUIRE(lines.plugin->operations<pigeon_datatree>().children(lines.plugin->instance(), &request,
                                                                 found.sink(), &error) == PIGEON_OK);
    std::vector<std::string> paths;
    for (const auto& object : *std::move(found).take()) paths.push_back(object.path);
    return paths;
  };
  CHECK(page("", 2) == std::vector<std::string>{"/b", "/a"});
  CHECK(page("a", 2) == std::vector<std::string>{"/c"});
}
