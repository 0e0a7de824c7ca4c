// SPDX-License-Identifier: MIT
//
// Level 3 of a datatree: what it answers when its files are not as they were left.
#include "conformance/check.hpp"
#include "conformance/damage.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <array>
#include <chrono>
#include <string>

namespace pigeon::conformance {
namespace {

using std::chrono::seconds;

constexpr const char* kHeader = "pigeon/abi/datatree.h";
constexpr const char* kReadOnly = "it does not claim to write, so nothing can be put into it";
constexpr int kPlaces = 60;

// What is there is found as it is, or could not be asked for.
Finding answers_truly(Trial& trial, const std::string& what) {
  auto opened = TreeClient::open_again(trial);
  if (!opened) {
    const auto range = PIGEON_STATUS_RANGE(opened.failure().status);
    PIGEON_EXPECT(range != 0x2000U, what + ", and opened an instance", "an instance, or a temporary failure",
                  opened.failure().detail);
    return Finding::passed();
  }
  auto& tree = *opened;
  const auto soon = [] { return Deadline::in(seconds(2)); };
  const auto one = tree.fetch("/t/7", 0, soon());
  const bool is_right = one.is_ok() && one.objects.size() == 1 && one.objects.front().path == "/t/7" &&
                        one.objects.front().attributes.get("note") == "note 7";
  PIGEON_EXPECT(is_right || one.is_temporary(), what + ", and fetched an object that had been there",
                "the object, or a temporary failure", one.is_ok() ? "another object" : one.shown());
  const auto all = tree.fetch("/", 3, soon());
  PIGEON_EXPECT((all.is_ok() && all.objects.size() == kPlaces + 2) || all.is_temporary(),
                what + ", and fetched the whole tree", "all of it, or a temporary failure",
                all.shown() + ", " + std::to_string(all.objects.size()) + " objects");
  const auto none = tree.fetch("/t/nobody", 0, soon());
  PIGEON_EXPECT(none.status == PIGEON_NOT_THERE || none.is_temporary(), what + ", and fetched what is absent",
                "\"not there\", or a temporary failure", none.shown());
  if (!tree.can(PIGEON_DATATREE_CHILDREN)) return Finding::passed();
  const auto page = tree.children("/t", "", 1000, soon());
  PIGEON_EXPECT((page.is_ok() && page.objects.size() == kPlaces) || page.is_temporary(),
                what + ", and listed children", "all of them, or a temporary failure",
                page.shown() + ", " + std::to_string(page.objects.size()) + " objects");
  return Finding::passed();
}

Finding survives_damage(Trial& trial) {
  {
    auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
    if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
    PIGEON_EXPECT_STATUS(tree.create("/t"), PIGEON_OK, "created /t");
    for (int number = 0; number < kPlaces; ++number) {
      const auto text = std::to_string(number);
      PIGEON_EXPECT_STATUS(tree.create("/t/" + text, "note " + text), PIGEON_OK, "created /t/" + text);
    }
  }
  return after_each_damage(trial, [&](const std::string& damage) {
    return answers_truly(trial, "closed the tree, had " + damage);
  });
}

constexpr std::array kChecks = {
    Check{"TREE-37", Weight::must, 3, PIGEON_KIND_DATATREE,
          "What could not be read whole is a temporary failure, never \"not there\" and never a part",
          "removes, empties, cuts, overwrites and replaces each of its files, and reads", kHeader,
          survives_damage, 90},
};

}  // namespace

std::span<const Check> tree_damage_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
