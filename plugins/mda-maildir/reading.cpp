// SPDX-License-Identifier: MIT
#include "reading.hpp"

#include "folder.hpp"
#include "mailbox.hpp"
#include "name.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace mda_maildir {
namespace {

using pigeon::Entry;
using pigeon::Fd;
using Visit = std::function<bool(const Entry&)>;

constexpr std::array kParts = {"new", "cur"};
constexpr std::size_t kChunk = 1U << 16U;

// A regular file; nothing if it is gone, or is something else, which is no message.
Result<std::optional<struct stat>> examine(const Directory& directory, const std::string& name) {
  struct stat status = {};
  if (::fstatat(directory.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return pigeon::system_failure("examine " + directory.below(name), errno);
  }
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return status;
}

// Lists one folder, and knows a message that a reader renames meanwhile for the one it has shown.
class FolderListing {
 public:
  FolderListing(const Directory& folder, std::string shown, bool is_ours, const Visit& visit)
      : folder_(folder), shown_(std::move(shown)), is_ours_(is_ours), visit_(visit) {}

  // False: no more is wanted.
  Result<bool> list() {
    for (const std::string part : kParts) {
      const auto directory = PIGEON_TRY(folder_.find(part));
      if (!directory) continue;
      for (const auto& name : PIGEON_TRY(directory->names())) {
        if (name.front() == '.') continue;  // Maildir: no message
        if (!PIGEON_TRY(show(*directory, part, name))) return false;
      }
    }
    return true;
  }

 private:
  Result<bool> show(const Directory& directory, const std::string& part, const std::string& name) {
    const auto status = PIGEON_TRY(examine(directory, name));
    if (!status) return true;
    Entry entry{.folder = shown_,
                .name = name,
                .bytes = static_cast<std::uint64_t>(status->st_size),
                .received = time_in(name).value_or(status->st_mtime),
                .marks = marks_in(name)};
    const auto [earlier, is_new] = seen_.emplace(unique_part(name), part + "/" + name);
    if (!is_new) {
      // The same message under its new name; or another one, where the one that was shown is still there.
      if (earlier->second == part + "/" + name || !PIGEON_TRY(examine(folder_, earlier->second))) return true;
      entry.name = part + "/" + name;
    } else if (is_ours_) {
      entry.id = token_in(name).value_or("");
    }
    return visit_(entry);
  }

  const Directory& folder_;
  std::string shown_;
  bool is_ours_;
  const Visit& visit_;
  std::map<std::string, std::string, std::less<>> seen_;  // where each was shown, by the unique part
};

pigeon::Failure removed(const Directory& maildir, const std::string& folder, const std::string& name) {
  return pigeon::failure(PIGEON_NOT_THERE, "read message " + pigeon::printable(name) + " of folder " +
                                               pigeon::printable(folder) + " in " + maildir.shown() +
                                               ": it is not there any more")
      .with_remedy("nothing, if somebody reads this mailbox");
}

// A reader renames from new to cur, and within cur: whoever misses it once finds it the next time.
Result<std::optional<Fd>> open_message(const Directory& folder, const std::string& name) {
  if (name.find('/') != std::string::npos) {
    const bool is_safe = std::any_of(kParts.begin(), kParts.end(), [&](const char* part) {
      return pigeon::starts_with(name, std::string(part) + "/") &&
             pigeon::is_file_name(std::string_view(name).substr(std::string_view(part).size() + 1));
    });
    return is_safe ? folder.open_file(name) : Result<std::optional<Fd>>(std::nullopt);
  }
  if (!pigeon::is_file_name(name)) return std::nullopt;
  constexpr int kTries = 3;
  for (int round = 0; round < kTries; ++round) {
    for (const std::string part : kParts) {
      const auto directory = PIGEON_TRY(folder.find(part));
      if (!directory) continue;
      if (auto file = PIGEON_TRY(directory->open_file(name))) return file;
    }
    for (const std::string part : kParts) {
      const auto directory = PIGEON_TRY(folder.find(part));
      if (!directory) continue;
      for (const auto& each : PIGEON_TRY(directory->names())) {
        if (unique_part(each) != unique_part(name)) continue;
        if (auto file = PIGEON_TRY(directory->open_file(each))) return file;
      }
    }
  }
  return std::nullopt;
}

Done give_all(const Fd& file, const std::string& shown, pigeon::Deadline deadline,
              const std::function<bool(std::string_view)>& give) {
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return pigeon::system_failure("examine " + shown, errno);
  if (!S_ISREG(status.st_mode)) return pigeon::misconfigured("read " + shown + ": it is not a file");
  std::string chunk(kChunk, '\0');
  for (;;) {
    if (deadline.passed()) return pigeon::failure(PIGEON_TIMEOUT, "read " + shown + ": the time is up");
    const auto got = pigeon::retry([&] { return ::read(file.get(), chunk.data(), chunk.size()); });
    if (got < 0) return pigeon::system_failure("read " + shown, errno);
    if (got == 0 || !give(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)))) return {};
  }
}

Result<bool> is_maildir(const Directory& directory) {
  for (const std::string part : kParts) {
    if (!PIGEON_TRY(directory.find(part))) return false;
  }
  return true;
}

}  // namespace

Result<Directory> foreign_maildir(const Allocation& allocation) {
  const std::string path(allocation.attributes.get("home").value_or(""));
  if (!pigeon::starts_with(path, "/")) {
    return pigeon::misconfigured("read the Maildir '" + pigeon::printable(path) +
                                 "': it is no absolute path");
  }
  auto named = PIGEON_TRY(Directory::open(path));
  if (named && PIGEON_TRY(is_maildir(*named))) return *std::move(named);
  auto below = named ? PIGEON_TRY(named->find(kMaildir)) : std::nullopt;
  if (below && PIGEON_TRY(is_maildir(*below))) return *std::move(below);
  return pigeon::misconfigured("read " + pigeon::printable(path) + ": there is no Maildir")
      .with_remedy("name the directory that new and cur are in, or one above a Maildir");
}

Done list_messages(const Directory& maildir, bool is_ours, const Visit& visit) {
  for (const auto& name : PIGEON_TRY(all_folders(maildir))) {
    const auto folder = PIGEON_TRY(maildir.find(name.empty() ? "." : name));
    if (!folder) continue;
    if (!PIGEON_TRY(FolderListing(*folder, folder_name(name), is_ours, visit).list())) return {};
  }
  return {};
}

Done read_message(const Directory& maildir, const std::string& folder, const std::string& name,
                  pigeon::Deadline deadline, const std::function<bool(std::string_view)>& give) {
  // Two directories may have names that say the same, in other programs' spelling.
  for (const auto& each : PIGEON_TRY(all_folders(maildir))) {
    if (folder_name(each) != folder) continue;
    const auto directory = PIGEON_TRY(maildir.find(each.empty() ? "." : each));
    const auto file = directory ? PIGEON_TRY(open_message(*directory, name)) : std::nullopt;
    if (file) return give_all(*file, directory->below(name), deadline, give);
  }
  return removed(maildir, folder, name);
}

}  // namespace mda_maildir
