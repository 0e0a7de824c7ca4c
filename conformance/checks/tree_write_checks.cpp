// SPDX-License-Identifier: MIT
//
// Level 2 of a datatree: what becomes of changes, on which conditions, and that all of them happen or none.
#include "conformance/check.hpp"
#include "conformance/snapshot.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <array>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kApply = "pigeon/abi/datatree.h, apply";
constexpr const char* kReadOnly = "it does not claim to write";

// The whole tree, spelled: to see that nothing was changed.
std::string whole(TreeClient& tree) {
  const auto reply = tree.fetch("/", 31);
  if (!reply.is_ok()) return reply.shown();
  std::string text;
  for (const auto& object : reply.objects) text += spelled(object) + "\n";
  return text;
}

struct Attempt {
  const char* what;
  Update update;
  pigeon_status wanted;
};

// Each answers what it should, and what is not done has changed nothing.
Finding try_all(TreeClient& tree, const std::vector<Attempt>& attempts) {
  for (const auto& attempt : attempts) {
    const auto before = whole(tree);
    PIGEON_EXPECT_STATUS(tree.apply(attempt.update), attempt.wanted, attempt.what);
    PIGEON_EXPECT(attempt.wanted == PIGEON_OK || whole(tree) == before, attempt.what,
                  "that nothing was changed", "another tree");
  }
  return Finding::passed();
}

Finding makes_changes(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  const auto path = tree_path_of("/a");
  const std::vector<std::pair<std::vector<Change>, std::string>> steps = {
      {{Change::create(kPlace)}, "/a checkPlace"},
      {{Change::set("note", "one")}, "/a checkPlace note=one"},
      {{Change::set("note", "two"), Change::set("labels", Values{"x", "y"})},
       "/a checkPlace labels=x|y note=two"},
      {{Change::set("labels", Values{"z"})}, "/a checkPlace labels=z note=two"},
      {{Change::set("labels", Values{}), Change::set("other", "here")}, "/a checkPlace note=two other=here"},
      {{Change::add_class(kMarked), Change::set("mark", "m"), Change::set("marks", Values{"1", "2"})},
       "/a checkPlace +checkMarked mark=m marks=1|2 note=two other=here"},
      {{Change::add_class(kMarked)}, "/a checkPlace +checkMarked mark=m marks=1|2 note=two other=here"},
      {{Change::remove_class(kMarked)}, "/a checkPlace note=two other=here"},
      {{Change::add_class(kMarked)}, "/a checkPlace +checkMarked note=two other=here"},
      {{Change::set("note", Values{}), Change::set("other", Values{})}, "/a checkPlace +checkMarked"},
  };
  for (const auto& [changes, wanted] : steps) {
    PIGEON_EXPECT_STATUS(tree.apply({.path = path, .changes = changes}), PIGEON_OK,
                         "made the changes that lead to: " + wanted);
    // Read by another instance: it was not only remembered.
    auto other = PIGEON_EXPECT_OK(TreeClient::open_again(trial), "opened another instance");
    const auto reply = other.fetch("/a");
    const auto came = reply.is_ok() ? spelled(reply.objects.front()) : reply.shown();
    PIGEON_EXPECT(came == wanted, "made changes, and fetched the object", wanted, came);
  }
  PIGEON_EXPECT_STATUS(tree.apply({.path = path, .changes = {Change::remove()}}), PIGEON_OK, "removed it");
  PIGEON_EXPECT_STATUS(tree.fetch("/a"), PIGEON_NOT_THERE, "fetched what was removed");
  PIGEON_EXPECT_STATUS(tree.create("/a"), PIGEON_OK, "created it anew");
  const auto reply = tree.fetch("/a");
  PIGEON_EXPECT(reply.is_ok() && spelled(reply.objects.front()) == "/a checkPlace",
                "removed an object and created it anew", "nothing of the old one",
                reply.is_ok() ? spelled(reply.objects.front()) : reply.shown());
  return Finding::passed();
}

Finding keeps_preconditions(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  const auto path = tree_path_of("/a");
  const auto set = [&](const char* value, std::vector<Precondition> conditions) {
    return Update{
        .path = path, .changes = {Change::set("other", value)}, .preconditions = std::move(conditions)};
  };
  const auto make = [&] {
    return Update{.path = path,
                  .changes = {Change::create(kPlace), Change::set("note", "n"),
                              Change::set("labels", Values{"x", "y"})},
                  .preconditions = {Precondition::object_absent()}};
  };
  return try_all(
      tree,
      {{"created an object on the condition that it is absent", make(), PIGEON_OK},
       {"did so again, now that it is there", make(), PIGEON_CONFLICT},
       {"set on the condition that the object is absent, which it is not",
        set("0", {Precondition::object_absent()}), PIGEON_CONFLICT},
       {"set 'other' on the condition that it is absent", set("1", {Precondition::absent("other")}),
        PIGEON_OK},
       {"did so again, now that it has a value", set("2", {Precondition::absent("other")}), PIGEON_CONFLICT},
       {"set on the condition that 'note' is absent, which has the value n",
        set("3", {Precondition::absent("note")}), PIGEON_CONFLICT},
       {"set on the condition that 'labels' is absent, which has two values",
        set("4", {Precondition::absent("labels")}), PIGEON_CONFLICT},
       {"set on the condition that 'note' is n", set("5", {Precondition::equal("note", "n")}), PIGEON_OK},
       {"set on the condition that 'note' is N", set("6", {Precondition::equal("note", "N")}),
        PIGEON_CONFLICT},
       {"set on the condition that 'note' is n and a blank", set("7", {Precondition::equal("note", "n ")}),
        PIGEON_CONFLICT},
       {"set on the condition that 'labels' is exactly x, which is x and y",
        set("8", {Precondition::equal("labels", "x")}), PIGEON_CONFLICT},
       {"set on the condition that 'mark', which it has not, is m",
        set("9", {Precondition::equal("mark", "m")}), PIGEON_CONFLICT},
       {"set on two conditions that hold",
        set("10", {Precondition::equal("note", "n"), Precondition::absent("mark")}), PIGEON_OK},
       {"set on one condition that holds and one that does not",
        set("11", {Precondition::equal("note", "n"), Precondition::equal("other", "5")}), PIGEON_CONFLICT},
       {"set on one condition that does not hold and one that does",
        set("12", {Precondition::equal("other", "5"), Precondition::equal("note", "n")}), PIGEON_CONFLICT}});
}

Finding makes_all_changes_or_none(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  PIGEON_EXPECT_STATUS(tree.create("/a", "before"), PIGEON_OK, "created /a");
  const auto path = tree_path_of("/a");
  return try_all(
      tree, {{"set an attribute, added a class, and then created what is there",
              {.path = path,
               .changes = {Change::set("note", "after"), Change::add_class(kMarked), Change::create(kPlace)}},
              PIGEON_CONFLICT},
             {"created an object, set an attribute, and then created it once more",
              {.path = tree_path_of("/b"),
               .changes = {Change::create(kPlace), Change::set("note", "after"), Change::create(kPlace)}},
              PIGEON_CONFLICT},
             {"removed an object, and then set an attribute of what is gone",
              {.path = path, .changes = {Change::remove(), Change::set("note", "after")}},
              PIGEON_NOT_THERE}});
}

Finding keeps_the_shape(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  for (const auto* path : {"/a", "/a/b", "/a-b"})
    PIGEON_EXPECT_STATUS(tree.create(path, "note"), PIGEON_OK, std::string("created ") + path);
  const auto update = [](const char* path, Change change) {
    return Update{.path = tree_path_of(path), .changes = {std::move(change)}};
  };
  return try_all(
      tree,
      {{"removed an object that has one below it", update("/a", Change::remove()), PIGEON_CONFLICT},
       {"created an object that is there", update("/a", Change::create(kPlace)), PIGEON_CONFLICT},
       {"created an object whose parent is not there", update("/c/d", Change::create(kPlace)),
        PIGEON_NOT_THERE},
       {"set an attribute of what is not there", update("/c", Change::set("note", "x")), PIGEON_NOT_THERE},
       {"added a class to what is not there", update("/c", Change::add_class(kMarked)), PIGEON_NOT_THERE},
       {"removed a class of what is not there", update("/c", Change::remove_class(kMarked)),
        PIGEON_NOT_THERE},
       {"removed what is not there", update("/c", Change::remove()), PIGEON_NOT_THERE},
       {"removed the object below", update("/a/b", Change::remove()), PIGEON_OK},
       {"removed the object that has none below it any more", update("/a", Change::remove()), PIGEON_OK},
       {"created an object below one that was removed", update("/a/b", Change::create(kPlace)),
        PIGEON_NOT_THERE}});
}

Finding applies_all_or_none(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY_ALL))
    return Finding::skipped("it does not claim to apply many at once");
  const auto make = [](const char* path) {
    return Update{.path = tree_path_of(path), .changes = {Change::create(kPlace)}};
  };
  PIGEON_EXPECT_STATUS(tree.apply_all({}), PIGEON_OK, "applied no update at all");
  PIGEON_EXPECT_STATUS(tree.apply_all({make("/a"), make("/a/b"), make("/a/b/c")}), PIGEON_OK,
                       "applied three updates, each of which needs the one before");
  PIGEON_EXPECT_STATUS(tree.fetch("/a/b/c"), PIGEON_OK, "fetched what the last of them created");
  struct Row {
    std::vector<Update> updates;
    std::size_t failed;
    pigeon_status wanted;
  };
  auto unless = make("/x/y");
  unless.preconditions = {Precondition::absent("note")};
  const std::vector<Row> rows = {
      {{make("/a"), make("/n"), make("/m")}, 0, PIGEON_CONFLICT},
      {{make("/n"), make("/a"), make("/m")}, 1, PIGEON_CONFLICT},
      {{make("/n"), make("/m"), make("/a/b")}, 2, PIGEON_CONFLICT},
      {{make("/n"), make("/n/m"), make("/missing/m")}, 2, PIGEON_NOT_THERE},
      {{make("/n"), {.path = tree_path_of("/m"), .changes = {Change::set("note", "x")}}},
       1,
       PIGEON_NOT_THERE},
      {{make("/n"),
        {.path = tree_path_of("/a"),
         .changes = {Change::set("note", "x")},
         .preconditions = {Precondition::equal("note", "y")}}},
       1,
       PIGEON_CONFLICT},
  };
  for (const auto& row : rows) {
    const auto what = "applied " + std::to_string(row.updates.size()) + " updates, of which number " +
                      std::to_string(row.failed) + " cannot go";
    const auto before = whole(tree);
    const auto reply = tree.apply_all(row.updates);
    PIGEON_EXPECT_STATUS(reply, row.wanted, what);
    PIGEON_EXPECT(reply.failed == row.failed, what, "its index, " + std::to_string(row.failed),
                  std::to_string(reply.failed));
    PIGEON_EXPECT(whole(tree) == before, what, "that nothing was changed", "another tree");
  }
  return Finding::passed();
}

Finding initializes_again(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (tree.descriptor().initialize == nullptr) return Finding::skipped("it has nothing to initialize");
  if (tree.can(PIGEON_DATATREE_APPLY))
    PIGEON_EXPECT_STATUS(tree.create("/a", "note"), PIGEON_OK, "created /a");
  const auto before = whole(tree);
  for (int round = 0; round < 2; ++round) {
    auto again = PIGEON_EXPECT_OK(TreeClient::open(trial), "initialized the tree once more");
    const auto after = whole(again);
    PIGEON_EXPECT(after == before, "initialized a tree that holds something", printable(before),
                  printable(after));
  }
  return Finding::passed();
}

void take_text(void* context, pigeon_string text) noexcept {
  *static_cast<std::string*>(context) += view(text);
}

Finding prints_its_schema(Trial& trial) {
  const auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_PRINT_SCHEMA)) return Finding::skipped("it does not claim to print a schema");
  const pigeon_schema schema = {sizeof schema, 0, tree::kClasses.data(), tree::kClasses.size()};
  for (const std::string language : {"sql", "ldap", "json", "no-such-language", ""}) {
    std::string text;
    const pigeon_text_sink sink = {sizeof sink, 0, &text, take_text};
    auto error = blank_error();
    const auto status =
        tree.operations().print_schema(tree.instance(), &schema, borrow(language), &sink, &error);
    const Reply reply = {.status = status, .failure = copy(error, status)};
    const auto what = "asked for the schema as '" + language + "'";
    const bool is_known = language == "sql" || language == "ldap" || language == "json";
    PIGEON_EXPECT(status == PIGEON_UNSUPPORTED || (is_known && status == PIGEON_OK), what,
                  is_known ? "the schema, or PIGEON_UNSUPPORTED" : "PIGEON_UNSUPPORTED", reply.shown());
    if (status != PIGEON_OK) continue;
    PIGEON_EXPECT(fold(text).find("maildomain") != std::string::npos &&
                      fold(text).find("acceptunknown") != std::string::npos && is_utf8(text),
                  what, "its classes and attributes, such as mailDomain and acceptUnknown",
                  printable(text.substr(0, 200)));
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"TREE-12", Weight::must, 2, PIGEON_KIND_DATATREE, "Each change does what it says, for everybody",
          "creates, sets, replaces, unsets, adds and removes classes, removes, and reads by another instance",
          kApply, makes_changes},
    Check{"TREE-13", Weight::must, 2, PIGEON_KIND_DATATREE,
          "A change is made only if all its preconditions hold; a conflict changes nothing",
          "changes on each kind of condition, holding and not", kApply, keeps_preconditions},
    Check{"TREE-14", Weight::must, 2, PIGEON_KIND_DATATREE, "All changes of an update happen, or none",
          "lets the last of several changes be impossible", kApply, makes_all_changes_or_none},
    Check{"TREE-15", Weight::must, 2, PIGEON_KIND_DATATREE,
          "Nothing is created without a parent, created twice, or removed with something below it",
          "tries each, and changes what is not there", kApply, keeps_the_shape},
    Check{"TREE-16", Weight::must, 2, PIGEON_KIND_DATATREE,
          "Many updates at once happen all or not at all, and the one that did not go is named",
          "lets the first, a middle and the last one be impossible", "pigeon/abi/datatree.h, apply_all",
          applies_all_or_none},
    Check{"TREE-17", Weight::must, 2, PIGEON_KIND_DATATREE, "Initializing again touches nothing in the tree",
          "initializes twice more, and compares the whole tree", "pigeon/abi/plugin.h, Life",
          initializes_again},
    Check{"TREE-18", Weight::must, 2, PIGEON_KIND_DATATREE,
          "The schema is printed in the languages that the backend has, and in no other",
          "asks for several languages", "pigeon/abi/datatree.h, print_schema", prints_its_schema},
};

}  // namespace

std::span<const Check> tree_write_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
