// SPDX-License-Identifier: MIT
//
// Level 2 of a datatree: many children by pages, and how names compare.
#include "conformance/check.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <array>
#include <set>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kHeader = "pigeon/abi/datatree.h";
constexpr const char* kChildren = "pigeon/abi/datatree.h, children";
constexpr const char* kReadOnly = "it does not claim to write, so nothing can be put into it";

Done plant_many(TreeClient& tree, int count) {
  std::vector<Update> updates;
  for (int number = 0; number < count; ++number) {
    updates.push_back({.path = tree_path_of("/many/" + std::to_string(number * 7919 % count)),
                       .changes = {Change::create(kPlace)}});
  }
  const auto parent = tree.create("/many");
  if (!parent.is_ok()) return temporary("create /many: " + parent.shown());
  if (tree.can(PIGEON_DATATREE_APPLY_ALL)) {
    const auto applied = tree.apply_all(updates);
    return applied.is_ok() ? Done() : Done(temporary("create many objects: " + applied.shown()));
  }
  for (const auto& update : updates) {
    if (const auto applied = tree.apply(update); !applied.is_ok()) return temporary(applied.shown());
  }
  return {};
}

Finding lists_by_pages(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_CHILDREN)) return Finding::skipped("it does not claim to list");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  // Without apply_all each is a flush, and thousands of them would only measure the disk.
  const int count = tree.can(PIGEON_DATATREE_APPLY_ALL) ? 3000 : 300;
  PIGEON_EXPECT_OK(plant_many(tree, count), "created " + std::to_string(count) + " objects in one place");
  for (const std::uint32_t limit : {1U, 7U, 100U, 299U, 300U, 3000U, 5000U}) {
    if (limit == 1 && count > 300) continue;
    const auto what = "listed " + std::to_string(count) + " children by pages of " + std::to_string(limit);
    const auto reply = tree.all_children("/many", limit);
    PIGEON_EXPECT_STATUS(reply, PIGEON_OK, what);
    const auto paths = paths_of(reply.objects);
    const std::set<std::string> distinct(paths.begin(), paths.end());
    PIGEON_EXPECT(paths.size() == static_cast<std::size_t>(count) && distinct.size() == paths.size(), what,
                  "each once",
                  std::to_string(paths.size()) + ", " + std::to_string(distinct.size()) + " different ones");
  }
  const auto page = tree.children("/many", "", 10);
  PIGEON_EXPECT(page.objects.size() == 10, "asked for a page of 10", "10 objects",
                std::to_string(page.objects.size()));
  const auto none = tree.children("/many/0");
  PIGEON_EXPECT(none.is_ok() && none.objects.empty(), "listed the children of what has none",
                "success, and no object", none.shown());
  return Finding::passed();
}

Finding compares_names_as_octets(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  const std::vector<std::string> names = {"anna",         "Anna",     "ANNA",        "anna%20",
                                          "%20anna",      "anna.",    "\xc3\xa4nna", "a\xcc\x88nna",
                                          "anna\xc2\xa0", "a%20nna",  "a%20%20nna",  "stra\xc3\x9fte",
                                          "strasste",     "\xc4\xb1", "i",           "I",
                                          "%2A",          "a_na",     "a%25"};
  std::vector<std::string> made;
  for (const auto& name : names) {
    const auto before = tree.fetch("/" + name);
    PIGEON_EXPECT(before.status == PIGEON_NOT_THERE, "fetched '" + name + "', where only others like it are",
                  "\"not there\"", before.shown());
    const auto reply = tree.create("/" + name, "note of " + name);
    if (reply.is_temporary()) continue;  // it may refuse a name; it must not mix it up with another
    PIGEON_EXPECT_STATUS(reply, PIGEON_OK, "created '" + name + "' beside others that are nearly alike");
    made.push_back(name);
  }
  PIGEON_EXPECT(made.size() >= 8, "created objects whose names are nearly alike", "most of them",
                std::to_string(made.size()) + " of " + std::to_string(names.size()));
  for (const auto& name : made) {
    const auto note = tree.value("/" + name, "note");
    PIGEON_EXPECT(note == "note of " + name, "fetched '" + name + "'", "'note of " + name + "'",
                  "'" + note + "'");
  }
  return Finding::passed();
}

Finding folds_class_and_attribute_names(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  const auto path = tree_path_of("/folded");
  PIGEON_EXPECT_STATUS(tree.apply({.path = path,
                                   .changes = {Change::create("CHECKPLACE"), Change::set("NOTE", "first"),
                                               Change::add_class("CheckMarked"), Change::set("MarK", "x")}}),
                       PIGEON_OK, "created an object with its names in another case");
  PIGEON_EXPECT_STATUS(tree.apply({.path = path, .changes = {Change::add_class("checkmarked")}}), PIGEON_OK,
                       "added a class that is there, in another case");
  PIGEON_EXPECT_STATUS(tree.set("/folded", "nOte", {"second"}), PIGEON_OK, "set 'nOte'");
  const auto reply = tree.fetch("/folded");
  PIGEON_EXPECT_STATUS(reply, PIGEON_OK, "fetched it");
  const auto& object = reply.objects.front();
  PIGEON_EXPECT(same_name(object.objectclass, kPlace) && object.auxiliary.size() == 1 &&
                    object.attributes.size() == 2 && object.attributes.get("note") == "second",
                "set NOTE, then nOte", "one class more, and one attribute 'note' with the second value",
                spelled(object));
  PIGEON_EXPECT_STATUS(
      tree.apply({.path = path,
                  .changes = {Change::remove_class("CHECKMARKED")},
                  .preconditions = {Precondition::equal("Note", "second"), Precondition::absent("OTHER")}}),
      PIGEON_OK, "removed the class, in another case, on conditions in another case");
  const auto after = tree.fetch("/folded");
  PIGEON_EXPECT(after.is_ok() && after.objects.front().auxiliary.empty(), "removed the class",
                "that it is gone", after.is_ok() ? spelled(after.objects.front()) : after.shown());
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"TREE-08", Weight::must, 2, PIGEON_KIND_DATATREE,
          "Pages leave nothing out and repeat nothing, and a short page is the last",
          "lists thousands of children by pages of several sizes, and none", kChildren, lists_by_pages, 60},
    Check{"TREE-10", Weight::must, 2, PIGEON_KIND_DATATREE, "Names compare as octets",
          "creates objects whose names differ in case, blanks and composition", kHeader,
          compares_names_as_octets},
    Check{"TREE-11", Weight::must, 2, PIGEON_KIND_DATATREE,
          "Class and attribute names compare without ASCII case", "writes and reads them in several cases",
          "pigeon/abi/object.h", folds_class_and_attribute_names},
};

}  // namespace

std::span<const Check> tree_list_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
