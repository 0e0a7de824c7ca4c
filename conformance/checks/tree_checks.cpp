// SPDX-License-Identifier: MIT
//
// Level 2 of a datatree: what it answers to those who read. A tree that can be written is filled first; one
// that cannot is taken as it is.
#include "conformance/check.hpp"
#include "conformance/snapshot.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kHeader = "pigeon/abi/datatree.h";
constexpr const char* kFetch = "pigeon/abi/datatree.h, fetch";
constexpr const char* kChildren = "pigeon/abi/datatree.h, children";
constexpr const char* kReadOnly = "it does not claim to write, so nothing can be put into it";
constexpr const char* kEmpty = "there is no tree to read; name one with --config FILE";
constexpr unsigned kDeepest = 31;

// Siblings whose names begin alike, and sort in several ways.
constexpr std::array kPlanted = {"/t",   "/t/a",   "/t/a/x", "/t/a/x/y", "/t/a-b", "/t/ab",
                                 "/t/b", "/t/b/x", "/tt",    "/tt/a",    "/t/%25", "/t/a%2Fx"};

Done plant(TreeClient& tree) {
  if (!tree.can(PIGEON_DATATREE_APPLY)) return {};
  for (const auto* path : kPlanted) {
    const auto created = tree.create(path, std::string("this is ") + path);
    if (!created.is_ok()) return temporary(std::string("create ") + path + ": " + created.shown());
  }
  return {};
}

std::string listed(std::vector<std::string> paths) {
  std::sort(paths.begin(), paths.end());
  return paths.empty() ? "nothing" : join(paths, " ");
}

Finding claims_what_it_has(Trial& trial) {
  const auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  const auto& has = tree.operations();
  const std::array<std::pair<std::uint32_t, bool>, 6> functions = {
      {{PIGEON_DATATREE_CHILDREN, has.children != nullptr},
       {PIGEON_DATATREE_APPLY, has.apply != nullptr},
       {PIGEON_DATATREE_LOCK, has.lock != nullptr},
       {PIGEON_DATATREE_LOCK, has.unlock != nullptr},
       {PIGEON_DATATREE_APPLY_ALL, has.apply_all != nullptr},
       {PIGEON_DATATREE_PRINT_SCHEMA, has.print_schema != nullptr}}};
  PIGEON_EXPECT(has.fetch != nullptr, "looked for fetch, which every datatree has", "a function", "NULL");
  for (const auto& [capability, is_there] : functions) {
    PIGEON_EXPECT(tree.can(capability) == is_there,
                  "compared capability " + std::to_string(capability) + " with its function",
                  tree.can(capability) ? "a function" : "NULL", is_there ? "a function" : "NULL");
  }
  return Finding::passed();
}

Finding marks_its_root(Trial& trial) {
  {
    auto tree = PIGEON_EXPECT_OK(TreeClient::open_again(trial), "opened an instance");
    if (tree.descriptor().initialize != nullptr) {
      const auto before = snapshot_of(trial.directory());
      const auto root = tree.fetch("/");
      PIGEON_EXPECT(root.is_ok() || root.is_temporary(), "fetched the root before anything was initialized",
                    "a temporary failure", root.shown());
      if (!root.is_ok()) {
        const auto changed = difference(before, snapshot_of(trial.directory()));
        PIGEON_EXPECT(changed.empty(), "fetched from where there is no tree", "that none is made", changed);
      }
    }
  }
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  const auto root = tree.fetch("/");
  if (tree.descriptor().initialize == nullptr && root.is_temporary()) return Finding::skipped(kEmpty);
  PIGEON_EXPECT_STATUS(root, PIGEON_OK, "fetched the root of a tree that was initialized");
  PIGEON_EXPECT(root.objects.size() == 1, "fetched the root alone", "one object",
                std::to_string(root.objects.size()));
  const auto& object = root.objects.front();
  PIGEON_EXPECT(object.path == "/" && same_name(object.objectclass, tree::kRoot) &&
                    object.attributes.get("tree").has_value(),
                "fetched the root", "/ of class mailRoot, with an attribute 'tree' that marks it as ours",
                spelled(object));
  return Finding::passed();
}

Finding fetches_whole_objects(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  const Object wanted = {.path = "/full%20name",
                         .objectclass = kPlace,
                         .auxiliary = {kMarked},
                         .attributes = {{"note", {"a note"}},
                                        {"labels", {"one", "two", "three", "four"}},
                                        {"mark", {"=|; \"'"}},
                                        {"marks", {"one"}},
                                        {"enable", {"FALSE"}}}};
  Update update = {.path = tree_path_of(wanted.path),
                   .changes = {Change::create(kPlace), Change::add_class(kMarked)}};
  for (const auto& [name, values] : wanted.attributes) update.changes.push_back(Change::set(name, values));
  PIGEON_EXPECT_STATUS(tree.apply(update), PIGEON_OK, "created an object with all kinds of attributes");
  // As the host may spell it: the answer's path is canonical.
  for (const auto* path : {"/full%20name", "/ful%6c%20name"}) {
    const auto reply = tree.fetch(path);
    PIGEON_EXPECT_STATUS(reply, PIGEON_OK, std::string("fetched ") + path);
    PIGEON_EXPECT(reply.objects.size() == 1 && spelled(reply.objects.front()) == spelled(wanted),
                  std::string("fetched ") + path, spelled(wanted),
                  reply.objects.empty() ? "nothing" : spelled(reply.objects.front()));
  }
  PIGEON_EXPECT_STATUS(tree.set(wanted.path, "labels", {"again", "again"}), PIGEON_OK,
                       "gave an attribute the same value twice");
  const auto reply = tree.fetch(wanted.path);
  PIGEON_EXPECT(reply.is_ok() && reply.objects.front().attributes.all("labels").size() == 1,
                "gave an attribute the same value twice", "a set of one value",
                reply.is_ok() ? spelled(reply.objects.front()) : reply.shown());
  return Finding::passed();
}

Finding fetches_to_a_depth(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  PIGEON_EXPECT_OK(plant(tree), "created some objects");
  const auto all = tree.fetch("/", kDeepest);
  if (!tree.can(PIGEON_DATATREE_APPLY) && !all.is_ok()) return Finding::skipped(kEmpty);
  PIGEON_EXPECT_STATUS(all, PIGEON_OK, "fetched the whole tree");
  for (const auto* path : kPlanted) {
    PIGEON_EXPECT(!tree.can(PIGEON_DATATREE_APPLY) ||
                      std::count_if(all.objects.begin(), all.objects.end(),
                                    [&](const auto& each) { return each.path == path; }) == 1,
                  "fetched the whole tree", std::string("once the object ") + path,
                  listed(paths_of(all.objects)));
  }
  for (const auto& top : all.objects) {
    const auto base = tree_path_of(top.path);
    for (unsigned depth = 0; depth <= 3; ++depth) {
      const auto what = "fetched " + top.path + " to depth " + std::to_string(depth);
      const auto reply = tree.fetch(top.path, depth);
      PIGEON_EXPECT_STATUS(reply, PIGEON_OK, what);
      std::vector<std::string> wanted;
      for (const auto& each : all.objects) {
        const auto path = tree_path_of(each.path);
        if (path == base || (path.is_below(base) && path.depth() - base.depth() <= depth))
          wanted.push_back(each.path);
      }
      const auto came = paths_of(reply.objects);
      PIGEON_EXPECT(listed(came) == listed(wanted), what, listed(wanted), listed(came));
      std::set<std::string> seen;
      for (const auto& each : came) {
        const bool is_first = seen.empty();
        PIGEON_EXPECT(is_first ? each == top.path : seen.contains(tree_path_of(each).parent().text()), what,
                      "the object itself, then each parent before what is below it", join(came, " "));
        seen.insert(each);
      }
    }
  }
  return Finding::passed();
}

Finding says_not_there_when_it_knows(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  PIGEON_EXPECT_OK(plant(tree), "created some objects");
  if (!tree.fetch("/").is_ok()) return Finding::skipped(kEmpty);
  for (const std::string path : {"/nobody", "/t/nobody", "/t/a/x/y/nobody", "/T"}) {
    if (!tree.can(PIGEON_DATATREE_APPLY) && path != "/nobody") continue;
    for (const unsigned depth : {0U, 2U}) {
      const auto reply = tree.fetch(path, depth);
      PIGEON_EXPECT_STATUS(reply, PIGEON_NOT_THERE, "fetched " + path + ", whose parent is there");
      PIGEON_EXPECT(reply.objects.empty(), "fetched what is not there", "no object",
                    listed(paths_of(reply.objects)));
    }
    if (!tree.can(PIGEON_DATATREE_CHILDREN)) continue;
    const auto reply = tree.children(path);
    PIGEON_EXPECT_STATUS(reply, PIGEON_NOT_THERE, "listed below " + path + ", whose parent is there");
    PIGEON_EXPECT(reply.objects.empty(), "listed below what is not there", "no object",
                  listed(paths_of(reply.objects)));
  }
  return Finding::passed();
}

Finding asks_for_the_parent(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  PIGEON_EXPECT_OK(plant(tree), "created some objects");
  for (const std::string path : {"/nobody/x", "/t/nobody/x", "/nobody/nobody/x"}) {
    const auto reply = tree.fetch(path);
    PIGEON_EXPECT(reply.is_temporary() && reply.objects.empty(),
                  "fetched " + path + ", whose parent is not there either",
                  "a temporary failure, for who cannot see the parent cannot tell", reply.shown());
    if (!tree.can(PIGEON_DATATREE_CHILDREN)) continue;
    const auto below = tree.children(path);
    PIGEON_EXPECT(below.is_temporary() && below.objects.empty(),
                  "listed below " + path + ", whose parent is not there either", "a temporary failure",
                  below.shown());
  }
  return Finding::passed();
}

Finding lists_children(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_CHILDREN)) return Finding::skipped("it does not claim to list");
  PIGEON_EXPECT_OK(plant(tree), "created some objects");
  const auto all = tree.fetch("/", kDeepest);
  if (!tree.can(PIGEON_DATATREE_APPLY) && !all.is_ok()) return Finding::skipped(kEmpty);
  PIGEON_EXPECT_STATUS(all, PIGEON_OK, "fetched the whole tree");
  for (const auto& top : all.objects) {
    std::map<std::string, std::string> wanted;
    for (const auto& each : all.objects) {
      if (each.path != "/" && tree_path_of(each.path).parent().text() == top.path)
        wanted[each.path] = spelled(each);
    }
    const auto first = tree.children(top.path);
    PIGEON_EXPECT_STATUS(first, PIGEON_OK, "listed the children of " + top.path);
    std::map<std::string, std::string> came;
    for (const auto& each : first.objects) came[each.path] = spelled(each);
    PIGEON_EXPECT(came == wanted && came.size() == first.objects.size(), "listed the children of " + top.path,
                  "each of these once, whole, and no others: " + std::to_string(wanted.size()) + " objects",
                  std::to_string(first.objects.size()) + " objects: " + listed(paths_of(first.objects)));
    PIGEON_EXPECT(paths_of(tree.children(top.path).objects) == paths_of(first.objects),
                  "listed the children of " + top.path + " again", "the same order", "another one");
  }
  return Finding::passed();
}

Finding stops_when_told(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  PIGEON_EXPECT_OK(plant(tree), "created some objects");
  const auto whole = tree.fetch("/", kDeepest);
  if (!tree.can(PIGEON_DATATREE_APPLY) && !whole.is_ok()) return Finding::skipped(kEmpty);
  for (std::size_t stop = 1; stop <= whole.objects.size(); ++stop) {
    const auto reply = tree.fetch("/", kDeepest, TreeClient::soon(), stop);
    PIGEON_EXPECT(reply.is_ok() && reply.objects.size() == stop,
                  "said \"no more\" to object " + std::to_string(stop) + " of a fetch",
                  "success, and no further object",
                  reply.shown() + ", " + std::to_string(reply.objects.size()) + " objects");
    if (!tree.can(PIGEON_DATATREE_CHILDREN)) continue;
    const auto children = tree.children("/", "", 100, TreeClient::soon(), 1);
    PIGEON_EXPECT(children.is_ok() && children.objects.size() <= 1,
                  "said \"no more\" to the first child of the root", "success, and no further object",
                  children.shown() + ", " + std::to_string(children.objects.size()) + " objects");
  }
  PIGEON_EXPECT(tree.fetch("/", kDeepest).objects.size() == whole.objects.size(),
                "fetched all after it had been stopped", "all objects", "others");
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"TREE-01", Weight::must, 2, PIGEON_KIND_DATATREE,
          "A capability is claimed exactly if its function is there", "compares the two", kHeader,
          claims_what_it_has},
    Check{"TREE-02", Weight::must, 2, PIGEON_KIND_DATATREE,
          "A tree that was initialized has its root, marked as ours; reading makes no tree",
          "fetches the root before and after", kHeader, marks_its_root},
    Check{"TREE-03", Weight::must, 2, PIGEON_KIND_DATATREE,
          "An object comes with its class, its auxiliary classes, all attributes as sets, and its canonical "
          "path",
          "fetches what it has written, asking by two spellings of the path", kFetch, fetches_whole_objects},
    Check{"TREE-04", Weight::must, 2, PIGEON_KIND_DATATREE,
          "A fetch gives the object, then all that is below it down to the depth, parents first",
          "fetches every object of a tree to depths 0 to 3", kFetch, fetches_to_a_depth},
    Check{"TREE-05", Weight::must, 2, PIGEON_KIND_DATATREE,
          "What is not there, below a parent that is, is \"not there\", with nothing given",
          "fetches and lists absent objects below ones that are there", kHeader,
          says_not_there_when_it_knows},
    Check{"TREE-06", Weight::must, 2, PIGEON_KIND_DATATREE,
          "\"Not there\" is said only when the parent was read", "fetches and lists below what is absent",
          kHeader, asks_for_the_parent},
    Check{"TREE-07", Weight::must, 2, PIGEON_KIND_DATATREE,
          "Children are those directly below, each once, whole, in an order that stays",
          "lists the children of every object of a tree", kChildren, lists_children},
    Check{"TREE-09", Weight::must, 2, PIGEON_KIND_DATATREE, "A datatree stops when its sink says \"no more\"",
          "says so at each object of a tree", kHeader, stops_when_told},
};

}  // namespace

std::span<const Check> tree_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
