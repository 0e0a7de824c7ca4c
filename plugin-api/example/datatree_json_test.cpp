// SPDX-License-Identifier: MIT
//
// The example datatree over a JSON file, as it is shipped, and what becomes of files that are none of its.
#include <pigeon/sdk/datatree.hpp>
#include <pigeon/testing/loaded_plugin.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <filesystem>

namespace {

using namespace pigeon;           // NOLINT(google-build-using-namespace)
using namespace pigeon::testing;  // NOLINT(google-build-using-namespace)

using Paths = std::vector<std::string>;

// What the example answers for a file of this text.
struct Json {
  TemporaryDirectory directory;
  std::unique_ptr<LoadedPlugin> plugin;
  const pigeon_datatree& operations;

  explicit Json(const std::string& text)
      : plugin(*LoadedPlugin::open(PIGEON_EXAMPLES "/datatree-json.so",
                                   {{"file", {directory.write("tree", text)}}})),
        operations(plugin->operations<pigeon_datatree>()) {}

  [[nodiscard]] std::pair<pigeon_status, Objects> fetch(const std::string& path, std::uint32_t depth) const {
    Collector found(100);
    const pigeon_fetch request = {sizeof request, 0, 0, borrow(path), depth, 0};
    auto error = blank_error();
    const auto status = operations.fetch(plugin->instance(), &request, found.sink(), &error);
    return {status, *std::move(found).take()};
  }
  // It could not be asked, whomever it was asked for; and nothing was given.
  [[nodiscard]] bool could_not_be_asked() const {
    for (const auto* path : {"/", "/example.com", "/example.com/mailUsers/bob"}) {
      const auto [status, objects] = fetch(path, 1);
      if (PIGEON_STATUS_RANGE(status) != PIGEON_TEMPORARY || !objects.empty()) return false;
    }
    return true;
  }
};

const std::string root = R"({"path": "/", "class": "mailRoot", "attributes": {"tree": "example"}})";
const std::string domain = R"({"path": "/example.com", "class": "mailDomain"})";

// A tree of these and the root, which need not be the first.
std::string tree_of(const std::string& objects) {
  return "[" + objects + ", " + root + "]";
}

const std::string example_tree = tree_of(
    R"({"path": "/example.com/mailUsers/alice", "class": "mailUser", "auxiliary": ["mda-plainAllocation"],
        "attributes": {"id": ["1", "2"], "home": "a \"\u00e4\"\u0000b"}},
       {"attributes": {"acceptUnknown": "TRUE"}, "class": "mailDomain", "path": "/example.com"},
       {"path": "/example.com/mailUsers", "class": "mailUsers"})");

}  // namespace

TEST_CASE("the example datatree over JSON gives an object and what is below it, parents first") {
  const Json json(example_tree);
  const auto [status, objects] = json.fetch("/example.com/mailUsers/alice", 0);
  REQUIRE(status == PIGEON_OK);
  REQUIRE(objects.size() == 1);
  CHECK(objects[0] ==
        Object{.path = "/example.com/mailUsers/alice",
               .objectclass = "mailUser",
               .auxiliary = {"mda-plainAllocation"},
               .attributes = {{"home", {std::string("a \"\xc3\xa4\"\0b", 8)}}, {"id", {"1", "2"}}}});
  CHECK(json.fetch("/example.com", 1).second.size() == 2);
  Paths paths;
  for (const auto& object : json.fetch("/", 9).second) paths.push_back(object.path);
  CHECK(paths == Paths{"/", "/example.com", "/example.com/mailUsers", "/example.com/mailUsers/alice"});
}

TEST_CASE("the example datatree over JSON says \"not there\" only below a parent that is") {
  const Json json(example_tree);
  CHECK(json.fetch("/example.net", 0).first == PIGEON_NOT_THERE);
  CHECK(json.fetch("/example.com/mailUsers/bob", 0).first == PIGEON_NOT_THERE);
  CHECK(json.fetch("/example.net/mailUsers/bob", 0).first == PIGEON_UNAVAILABLE);
}

TEST_CASE("the example datatree over JSON gives children page by page") {
  const Json json(tree_of(R"({"path": "/b", "class": "x"}, {"path": "/a", "class": "x"},
                             {"path": "/a/x", "class": "x"}, {"path": "/a-", "class": "x"})"));
  const auto page = [&](const std::string& after, std::uint32_t limit) {
    Collector found(100);
    const pigeon_page request = {sizeof request, limit, 0, borrow("/"), borrow(after)};
    auto error = blank_error();
    REQUIRE(json.operations.children(json.plugin->instance(), &request, found.sink(), &error) == PIGEON_OK);
    Paths paths;
    for (const auto& object : *std::move(found).take()) paths.push_back(object.path);
    return paths;
  };
  CHECK(page("", 2) == Paths{"/a", "/a-"});
  CHECK(page("a-", 2) == Paths{"/b"});
  CHECK(page("b", 2).empty());
}

TEST_CASE("wherever a JSON file is cut off, the example datatree could not be asked") {
  for (std::size_t size = 0; size < example_tree.size(); ++size) {
    CAPTURE(size);
    CHECK(Json(example_tree.substr(0, size)).could_not_be_asked());
  }
}

TEST_CASE("the example datatree could not be asked where a file is JSON and no tree") {
  for (const auto& text : {
           std::string("null"),
           std::string("{}"),
           std::string("[]"),
           std::string("1e999"),
           root,
           "[" + domain + "]",
           "[" + root + "] []",
           "[" + root + ", " + root + "]",
           tree_of("null"),
           tree_of("[" + domain + "]"),
           tree_of("{}"),
           tree_of(R"({"path": "/example.com"})"),
           tree_of(R"({"class": "mailDomain"})"),
           // The root of no tree, and an object without a parent.
           std::string(R"([{"path": "/", "class": "mailDomain"}])"),
           tree_of(R"({"path": "/example.com/mailUsers", "class": "mailUsers"})"),
       }) {
    CAPTURE(text);
    CHECK(Json(text).could_not_be_asked());
  }
}

TEST_CASE(
    "the example datatree could not be asked where something in a JSON file has the wrong type or form") {
  const auto with = [](const std::string& member) {
    return tree_of(R"({"path": "/example.com", "class": "mailDomain", )" + member + "}");
  };
  REQUIRE(Json(with(R"("attributes": {"x": []})")).fetch("/example.com", 0).first == PIGEON_OK);
  for (const auto* member : {R"("attributes": [])",
                             R"("attributes": "x")",
                             R"("attributes": {"x": true})",
                             R"("attributes": {"x": 1})",
                             R"("attributes": {"x": -1})",
                             R"("attributes": {"x": 1.5})",
                             R"("attributes": {"x": 1e999})",
                             R"("attributes": {"x": null})",
                             R"("attributes": {"x": {}})",
                             R"("attributes": {"x": [["y"]]})",
                             R"("attributes": {"x": [1]})",
                             R"("attributes": {"x": ""})",
                             R"("attributes": {"": "y"})",
                             R"("attributes": {"a b": "y"})",
                             R"("attributes": {"x": "\ud800"})",
                             "\"attributes\": {\"x\": \"\xff\"}",
                             R"("attributes": {"x": "y", "X": "z"})",
                             R"("auxiliary": "x")",
                             R"("auxiliary": [1])",
                             R"("auxiliary": [""])",
                             R"("auxiliary": {"x": "y"})",
                             R"("unknown": "x")",
                             R"("path": "/example.net")",
                             R"("class": "mailUser")",
                             R"("alias": [])"}) {
    CAPTURE(member);
    CHECK(Json(with(member)).could_not_be_asked());
  }
  for (const auto* path : {"1", "[]", R"("")", R"("example.com")", R"("/a//b")", R"("/%zz")", R"("/\n")"}) {
    CAPTURE(path);
    CHECK(
        Json(tree_of(R"({"class": "mailDomain", "path": )" + std::string(path) + "}")).could_not_be_asked());
  }
}

TEST_CASE("the example datatree could not be asked where a JSON file is deep, huge or no file") {
  constexpr std::size_t kMany = 500'000;
  std::string objects;
  for (std::size_t i = 0; i < kMany / 5; ++i) objects += R"({"a":)";
  const std::string open(kMany, '[');
  for (const auto& text : {open, open + std::string(kMany, ']'), objects, "[" + objects,
                           tree_of(R"({"path": "/a", "class": "x", "attributes": {"x": )" + open +
                                   std::string(kMany, ']') + "}}"),
                           tree_of(domain) + std::string(std::size_t{1} << 20U, ' ')}) {
    CHECK(Json(text).could_not_be_asked());
  }
  const Json json(example_tree);
  std::filesystem::remove(json.directory / "tree");
  CHECK(json.could_not_be_asked());
  std::filesystem::create_directory(json.directory / "tree");
  CHECK(json.could_not_be_asked());
}
