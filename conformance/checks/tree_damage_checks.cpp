// SPDX-License-Identifier: MIT
//
// Level 3 of a datatree: what it answers when its files are not as they were left.
#include "conformance/check.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr const char* kHeader = "pigeon/abi/datatree.h";
constexpr const char* kReadOnly = "it does not claim to write, so nothing can be put into it";
constexpr int kPlaces = 60;

std::vector<fs::path> files_below(const fs::path& directory) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && !entry.is_symlink()) found.push_back(entry.path());
  }
  return found;
}

struct Damage {
  std::string what;
  std::function<void(const fs::path&)> inflict;
};

std::vector<Damage> damages(Trial& trial, const fs::path& file) {
  const auto size = fs::file_size(file);
  std::vector<Damage> all = {
      {"removed", [](const fs::path& path) { fs::remove(path); }},
      {"replaced by a directory", [](const fs::path& path) { fs::remove(path), fs::create_directory(path); }},
      {"replaced by a link that leads nowhere",
       [](const fs::path& path) { fs::remove(path), fs::create_symlink("nowhere", path); }},
      {"filled with random bytes",
       [&trial, size](const fs::path& path) {
         std::ofstream(path, std::ios::binary | std::ios::trunc) << trial.random_text(size + 100);
       }},
  };
  // Root reads whatever the mode says.
  if (::geteuid() != 0)
    all.push_back({"made unreadable", [](const fs::path& path) { fs::permissions(path, fs::perms::none); }});
  if (size == 0) return all;
  for (const auto eighths : {0U, 1U, 4U, 7U}) {
    all.push_back({"cut to " + std::to_string(eighths) + " eighths",
                   [=](const fs::path& path) { fs::resize_file(path, size * eighths / 8); }});
  }
  all.push_back({"cut by one byte", [=](const fs::path& path) { fs::resize_file(path, size - 1); }});
  return all;
}

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
  const fs::path place(trial.directory());
  const fs::path saved(trial.directory() + ".saved");
  fs::copy(place, saved, fs::copy_options::recursive);
  const auto files = files_below(saved);
  if (files.empty()) return Finding::skipped("it keeps nothing in files that this check can see");
  for (const auto& file : files) {
    const auto relative = fs::relative(file, saved);
    for (const auto& damage : damages(trial, file)) {
      for (const auto& entry : fs::directory_iterator(place)) fs::remove_all(entry.path());
      fs::copy(saved, place, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
      damage.inflict(place / relative);
      auto finding = answers_truly(trial, "closed the tree, had " + relative.string() + " " + damage.what);
      if (finding.status != Finding::Status::passed) return finding;
    }
  }
  return Finding::passed();
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
