// SPDX-License-Identifier: MIT
#include "host/tree.hpp"

#include "host/testing/lent.hpp"
#include "host/testing/trusted_plugins.hpp"

#include <pigeon/sdk/datatree.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

using pigeon::Applied;
using pigeon::Deadline;
using pigeon::Object;
using pigeon::Objects;
using pigeon::Result;
using pigeon::TreePath;
using pigeon::Update;

namespace {

// A datatree that answers what it is told to, true or not.
struct Liar {
  Objects answer;

  Result<std::optional<Objects>> fetch(const pigeon::Fetch& /*request*/) const { return answer; }
  Result<std::optional<Objects>> children(const pigeon::Page& /*request*/) const {
    return Objects(answer.begin() + 1, answer.end());
  }

  std::size_t refused = 0;
  static Result<Applied> apply(const Update& /*update*/) { return Applied::conflict; }
  Result<Applied> apply_all(const std::vector<Update>& /*updates*/, std::size_t& failed) const {
    failed = refused;
    return Applied::conflict;
  }
};

class Asked {
 public:
  Asked() {
    const auto setting = pigeon::testing::setting_of(lent_);
    const auto file = plugins_.directory().write("pigeon.json", R"({"datatree": "datatree-lent",
      "plugins": ["."], "modules": ["mailStep"], "datatree-lent": {"lent": )" +
                                                                    setting + "}}");
    std::filesystem::permissions(file,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    configuration_.emplace(*pigeon::host::Configuration::read(file, {}, pigeon::loader::Trust()));
    opened_ = *pigeon::host::Plugins::of(*configuration_, pigeon::loader::Trust(), log_);
    tree_.emplace(**opened_->open(PIGEON_KIND_DATATREE, "datatree-lent"));
  }

  // What the tree says of /d and what is below it: "fine", or the complaint.
  std::string told(Objects below, unsigned depth = 1) {
    liar_.answer = std::move(below);
    liar_.answer.insert(liar_.answer.begin(), Object{.path = "/d", .objectclass = "mailDomain"});
    const auto path = *TreePath::parse("/d");
    const auto slice = tree_->fetch({path, depth, false, soon()});
    if (depth == 1)
      CHECK(static_cast<bool>(tree_->children({path, "", 100, soon()})) == static_cast<bool>(slice));
    if (slice) return "fine";
    CHECK(slice.failure().status == PIGEON_UNAVAILABLE);
    return slice.failure().detail;
  }

  // Writes two updates; the tree says that it refuses this one of them. What is made of it.
  std::string refused(std::size_t which) {
    liar_.refused = which;
    const std::vector<Update> updates(2, Update{.path = *TreePath::parse("/d"), .deadline = soon()});
    std::size_t failed = 0;
    const auto applied = tree_->apply_all(updates, failed);
    CHECK(failed < updates.size());
    return applied ? "refused " + std::to_string(failed) : applied.failure().detail;
  }

 private:
  static Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }

  Liar liar_;
  pigeon_datatree operations_ = pigeon::DatatreeOperations<Liar>::table();
  pigeon::testing::Lent lent_ = {&operations_, &liar_};
  pigeon::testing::TrustedPlugins plugins_ = {"datatree-lent"};
  pigeon::host::Log log_{"test"};
  std::optional<pigeon::host::Configuration> configuration_;
  std::unique_ptr<pigeon::host::Plugins> opened_;
  std::optional<pigeon::host::Tree> tree_;
};

Object at(const std::string& path, const std::string& objectclass = "mailStep") {
  return {.path = path, .objectclass = objectclass};
}

}  // namespace

TEST_CASE("what is below an object, each under a name of its own, is believed") {
  Asked asked;
  CHECK(asked.told({}) == "fine");
  CHECK(asked.told({at("/d/a"), at("/d/A"), at("/d/b", "mailFind")}) == "fine");
  CHECK(asked.told({at("/d/a"), at("/d/a/b"), at("/d/b/b")}, 2) == "fine");
}

TEST_CASE("two objects of one name are no answer, however the name is spelled, and of whatever class") {
  Asked asked;
  for (const std::string again : {"/d/a", "/d/%61"}) {
    CHECK(asked.told({at("/d/a"), at("/d/b"), at(again, "mailFind")}) ==
          "the tree answers '" + again + "' twice when asked for what is below /d");
  }
}

TEST_CASE("what an alias leads to may be anywhere, as long as the alias is where it was asked for") {
  Asked asked;
  const auto leading = [](const std::string& alias, const std::string& path) {
    auto object = at(path);
    object.alias = alias;
    return object;
  };
  CHECK(asked.told({leading("/d/a", "/e/a"), at("/d/b")}) == "fine");
  CHECK(asked.told({leading("/e/a", "/d/a")}) != "fine");
  CHECK(asked.told({leading("/d/a", "nowhere")}) != "fine");
  CHECK(asked.told({leading("/d/a", "/e/a"), at("/d/a")}) != "fine");
}

TEST_CASE("nor are objects from elsewhere, from too far below, or without a path or a class") {
  Asked asked;
  for (const std::string path : {"/e/a", "/d", "/", "/d/a/b", "d/a", "/d//a", "", "/d/%"}) {
    CHECK(asked.told({at(path)}) == "the tree answers '" + path + "' when asked for what is below /d");
  }
  CHECK(asked.told({at("/d/a", "no class")}) != "fine");
  CHECK(asked.told({at("/d/a/b/c")}, 2) != "fine");
}

TEST_CASE("a tree that refuses an update names one of those that it was given") {
  Asked asked;
  CHECK(asked.refused(0) == "refused 0");
  CHECK(asked.refused(1) == "refused 1");
  for (const std::size_t none : {std::size_t{2}, SIZE_MAX}) {
    CHECK(asked.refused(none) == "an update was refused, and the plugin named none that it was given");
  }
}
