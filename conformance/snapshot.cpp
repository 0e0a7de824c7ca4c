// SPDX-License-Identifier: MIT
#include "conformance/snapshot.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

namespace pigeon::conformance {
namespace fs = std::filesystem;

bool is_index_of_sqlite(const std::string& path) {
  constexpr std::string_view kSuffix = "-shm";
  constexpr std::string_view kMagic = "SQLite format 3";
  if (!path.ends_with(kSuffix)) return false;
  std::ifstream file(path.substr(0, path.size() - kSuffix.size()), std::ios::binary);
  std::string begin(kMagic.size(), '\0');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return begin == kMagic || file.gcount() == 0;  // it may be new, and empty yet
}

Snapshot snapshot_of(const std::string& directory) {
  Snapshot found;
  std::error_code ignored;  // what vanishes while it is looked at is not there
  for (const auto& entry : fs::recursive_directory_iterator(directory, ignored)) {
    struct stat status = {};
    if (::lstat(entry.path().c_str(), &status) != 0) continue;
    auto& text = found[fs::relative(entry.path(), directory, ignored).string()];
    text = std::to_string(status.st_mode) + ":";
    if (S_ISLNK(status.st_mode)) text += fs::read_symlink(entry.path(), ignored).string();
    if (!S_ISREG(status.st_mode) || is_index_of_sqlite(entry.path().string())) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    text.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return found;
}

std::string difference(const Snapshot& before, const Snapshot& after) {
  std::vector<std::string> changes;
  for (const auto& [path, text] : after) {
    const auto was = before.find(path);
    if (was == before.end()) changes.push_back(path + " is new");
    if (was != before.end() && was->second != text) changes.push_back(path + " has changed");
  }
  for (const auto& [path, text] : before) {
    if (!after.contains(path)) changes.push_back(path + " is gone");
  }
  return printable(join(changes, ", "));
}

}  // namespace pigeon::conformance
