// SPDX-License-Identifier: MIT
#include "reading.hpp"

#include "folder.hpp"
#include "mailbox.hpp"
#include "name.hpp"
#include "quiet.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace mda_maildir {
namespace {

using pigeon::Entry;
using pigeon::Fd;
using Visit = std::function<bool(const Entry&)>;

constexpr std::size_t kChunk = 1U << 16U;
// Readers may be busy, but mail for a mailbox that is being moved waits meanwhile.
constexpr auto kPatience = std::chrono::seconds(30);

// Nothing if it is gone.
Result<std::optional<struct stat>> examine(const Directory& directory, const std::string& name) {
  struct stat status = {};
  if (::fstatat(directory.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return pigeon::system_failure("examine " + directory.below(name), errno);
  }
  return status;
}

// Lists one folder, again and again until it was quiet, and knows a message that a reader renames meanwhile
// for the one it has shown.
class FolderListing {
 public:
  FolderListing(const Directory& folder, std::string shown, bool is_ours, const Visit& visit)
      : folder_(folder), shown_(std::move(shown)), is_ours_(is_ours), visit_(visit) {}

  // False: no more is wanted.
  Result<bool> list(pigeon::Deadline deadline) {
    for (Patience patience(deadline, kPatience);;) {
      const auto quiet = PIGEON_TRY(Quiet::begin(folder_));
      const auto places = PIGEON_TRY(read());
      is_quiet_ = PIGEON_TRY(quiet.lasts(folder_));
      for (const auto& place : places) {
        if (!PIGEON_TRY(show(place))) return false;
      }
      if (is_quiet_) return true;
      PIGEON_TRY(patience.wait(folder_.shown()));
    }
  }

 private:
  // Such as "new/NAME".
  Result<std::vector<std::string>> read() const {
    std::vector<std::string> places;
    for (const std::string part : kParts) {
      const auto directory = PIGEON_TRY(folder_.find(part));
      if (!directory) continue;
      for (const auto& name : PIGEON_TRY(directory->names())) {
        if (name.front() != '.') places.push_back(part + "/" + name);  // Maildir: else no message
      }
    }
    return places;
  }

  // Whether it is one that was shown, perhaps at a place that is free now. Two messages may have names that
  // differ in their marks alone.
  Result<bool> is_shown(std::vector<std::string>& shown_at, const std::string& place) const {
    if (std::find(shown_at.begin(), shown_at.end(), place) != shown_at.end()) return true;
    for (auto& earlier : shown_at) {
      if (PIGEON_TRY(examine(folder_, earlier))) continue;
      earlier = place;
      return true;
    }
    return false;
  }

  Result<bool> show(const std::string& place) {
    const auto name = place.substr(place.find('/') + 1);
    auto& shown_at = shown_at_[std::string(unique_part(name))];
    if (PIGEON_TRY(is_shown(shown_at, place))) return true;
    const auto status = PIGEON_TRY(examine(folder_, place));
    if (status && !S_ISREG(status->st_mode)) return true;
    // Gone: removed, or to be found under another name. And what is new was missed before, if only for having
    // come later; only who then finds nothing more has found everything.
    is_quiet_ = false;
    if (!status) return true;
    Entry entry{.folder = shown_,
                .name = shown_at.empty() ? name : place,
                .bytes = static_cast<std::uint64_t>(status->st_size),
                .received = time_in(name).value_or(status->st_mtime),
                .marks = marks_in(name)};
    if (is_ours_ && shown_at.empty()) entry.id = token_in(name).value_or("");
    shown_at.push_back(place);
    return visit_(entry);
  }

  const Directory& folder_;
  std::string shown_;
  bool is_ours_;
  const Visit& visit_;
  bool is_quiet_ = false;
  std::map<std::string, std::vector<std::string>, std::less<>> shown_at_;  // by the unique part
};

pigeon::Failure removed(const Directory& maildir, const std::string& folder, const std::string& name) {
  return pigeon::failure(PIGEON_NOT_THERE, "read message " + pigeon::printable(name) + " of folder " +
                                               pigeon::printable(folder) + " in " + maildir.shown() +
                                               ": it is not there any more")
      .with_remedy("nothing, if somebody reads this mailbox");
}

// Under its name, or under the one that a reader has given it; nothing if neither was seen.
Result<std::optional<Fd>> look_for(const Directory& folder, const std::string& name) {
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
  return std::nullopt;
}

// A reader renames from new to cur, and within cur: it is gone if it is not seen though nothing is renamed.
Result<std::optional<Fd>> open_message(const Directory& folder, const std::string& name,
                                       pigeon::Deadline deadline) {
  if (name.find('/') != std::string::npos) {
    const bool is_safe = std::any_of(kParts.begin(), kParts.end(), [&](const char* part) {
      return pigeon::starts_with(name, std::string(part) + "/") &&
             pigeon::is_file_name(std::string_view(name).substr(std::string_view(part).size() + 1));
    });
    return is_safe ? folder.open_file(name) : Result<std::optional<Fd>>(std::nullopt);
  }
  if (!pigeon::is_file_name(name)) return std::nullopt;
  for (Patience patience(deadline, kPatience);;) {
    const auto quiet = PIGEON_TRY(Quiet::begin(folder));
    if (auto file = PIGEON_TRY(look_for(folder, name))) return file;
    if (PIGEON_TRY(quiet.lasts(folder))) return std::nullopt;
    PIGEON_TRY(patience.wait(folder.shown()));
  }
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

// A folder that is renamed meanwhile is one more.
Done list_messages(const Directory& maildir, bool is_ours, pigeon::Deadline deadline, const Visit& visit) {
  std::set<std::string> listed;
  for (std::size_t before = SIZE_MAX; before != listed.size();) {
    before = listed.size();
    for (const auto& name : PIGEON_TRY(all_folders(maildir))) {
      const auto folder = PIGEON_TRY(maildir.find(name.empty() ? "." : name));
      if (!folder || !listed.insert(name).second) continue;
      FolderListing listing(*folder, folder_name(name), is_ours, visit);
      if (!PIGEON_TRY(listing.list(deadline))) return {};
    }
  }
  return {};
}

Done read_message(const Directory& maildir, const std::string& folder, const std::string& name,
                  pigeon::Deadline deadline, const std::function<bool(std::string_view)>& give) {
  // Two directories may have names that say the same, in other programs' spelling.
  for (const auto& each : PIGEON_TRY(all_folders(maildir))) {
    if (folder_name(each) != folder) continue;
    const auto directory = PIGEON_TRY(maildir.find(each.empty() ? "." : each));
    const auto file = directory ? PIGEON_TRY(open_message(*directory, name, deadline)) : std::nullopt;
    if (file) return give_all(*file, directory->below(name), deadline, give);
  }
  return removed(maildir, folder, name);
}

}  // namespace mda_maildir
