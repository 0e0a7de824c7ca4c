// SPDX-License-Identifier: MIT
#include "conformance/damage.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace pigeon::conformance {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

Finding after_each_damage(Trial& trial, const std::function<Finding(const std::string& damage)>& look) {
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
      auto finding = look(relative.string() + " " + damage.what);
      if (finding.status != Finding::Status::passed) return finding;
    }
  }
  return Finding::passed();
}

}  // namespace pigeon::conformance
