// SPDX-License-Identifier: MIT
#include "mailbox.hpp"

#include "folder.hpp"
#include "spool_lock.hpp"

#include <home-template/home.hpp>
#include <mailbox-rules/files.hpp>
#include <mailbox-rules/stamp.hpp>

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <algorithm>

namespace mda_mbox {
namespace {

using mailbox_rules::check_retired;
using mailbox_rules::command;
using mailbox_rules::gone;
using mailbox_rules::kPurged;
using mailbox_rules::kStamp;
using mailbox_rules::remove_directory;
using mailbox_rules::retired_mark;
using mailbox_rules::stamp_of;
using mailbox_rules::unstamped;

constexpr const char* kState = "state";
// ".{name}.pigeon" is a name of a file as well.
constexpr std::size_t kLongestName = 240;
// Of directories below that of the folders.
constexpr int kMostLevels = 32;

Failure foreign(const Directory& directory, const Place& place, const std::string& id,
                const Allocation& allocation) {
  return mailbox_rules::foreign(directory.below(place.name), id,
                                pigeon::shell_word(directory.below(place.own()) + "/" + kStamp), allocation);
}

Result<std::optional<Directory>> find_directory(const Directory& base, const Place& place) {
  return base.find(place.directory);
}

Result<Directory> make_directory(const Directory& base, const Place& place) {
  if (place.directory != ".") return pigeon::make_path(base, place.directory);
  auto same = PIGEON_TRY(base.find("."));
  if (!same) return pigeon::temporary("open " + base.shown() + ": it vanished at once");
  return *std::move(same);
}

// That it excludes the others: another process may have purged the mailbox and made it anew before we had the
// lock, which is of a file that nobody else opens then.
Done check_in_place(const Directory& own, const pigeon::Fd& state) {
  struct stat held = {};
  struct stat named = {};
  if (::fstat(state.get(), &held) != 0) return pigeon::system_failure("examine " + own.below(kState), errno);
  if (::fstatat(own.fd(), kState, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == held.st_ino &&
      named.st_dev == held.st_dev)
    return {};
  return pigeon::failure(PIGEON_BUSY, "lock " + own.below(kState) + ": another process has replaced it")
      .with_remedy("nothing: it is tried again");
}

// Every file that may hold mail: what is not found here is not moved, and yet is deleted in the end.
Done add_files(const Directory& directory, const std::string& above, int level,
               std::vector<std::string>& files) {
  if (level > kMostLevels) {
    return pigeon::misconfigured("look for folders in " + directory.shown() +
                                 ": it is too deep below the mailbox")
        .with_remedy("move it upwards");
  }
  for (const auto& name : PIGEON_TRY(directory.names())) {
    struct stat status = {};
    if (name.front() == '.' || ::fstatat(directory.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISDIR(status.st_mode)) {
      const auto below = PIGEON_TRY(directory.find(name));
      if (below) PIGEON_TRY(add_files(*below, above + name + "/", level + 1, files));
    } else if (S_ISREG(status.st_mode) && is_folder_file(name)) {
      files.push_back(above + name);
    }
  }
  return {};
}

}  // namespace

Result<std::string> checked_home(const std::string& home) {
  const auto slash = home.rfind('/');
  const auto name = slash == std::string::npos ? home : home.substr(slash + 1);
  if (pigeon::is_safe_path(home) && name.front() != '.' && name.size() <= kLongestName && is_apart(name))
    return home;
  return pigeon::misconfigured("use the home '" + pigeon::printable(home.substr(0, kLongestName)) +
                               "' for an mbox: its name begins with a dot, is too long, or ends like a lock "
                               "or a directory of folders")
      .with_remedy("request another path, such as home=example.com/alice");
}

Result<std::vector<std::string>> files_of_folders(const Directory& folders) {
  std::vector<std::string> files;
  PIGEON_TRY(add_files(folders, "", 1, files));
  std::sort(files.begin(), files.end());
  return files;
}

Result<Place> Place::of(const Allocation& allocation) {
  const auto home = PIGEON_TRY(checked_home(PIGEON_TRY(home_template::allocated_home(allocation))));
  const auto slash = home.rfind('/');
  if (slash == std::string::npos) return Place{".", home};
  return Place{home.substr(0, slash), home.substr(slash + 1)};
}

std::string Place::folders() const {
  return name + std::string(kFoldersSuffix);
}

Result<Mailbox> Mailbox::open_to_read(const Directory& base, const Allocation& allocation,
                                      pigeon::Deadline deadline) {
  const auto place = PIGEON_TRY(Place::of(allocation));
  auto directory = PIGEON_TRY(find_directory(base, place));
  if (!directory) return gone(base.below(place.directory), allocation);
  const auto shown = directory->below(place.name);
  auto own = PIGEON_TRY(directory->find(place.own()));
  if (!own) {
    return PIGEON_TRY(directory->has(place.name)) ? unstamped(shown, allocation) : gone(shown, allocation);
  }
  auto state = PIGEON_TRY(State::open(*own, kState, false));
  PIGEON_TRY(lock_within(state.file(), own->below(kState), deadline));
  PIGEON_TRY(check_in_place(*own, state.file()));
  // Only now: until we had the lock, another process could purge it, or retire it.
  const auto stamp = PIGEON_TRY(stamp_of(*directory, place.own()));
  if (!stamp) return unstamped(shown, allocation);
  if (*stamp != allocation.id) return foreign(*directory, place, *stamp, allocation);
  PIGEON_TRY(state.load());
  return Mailbox(place, *std::move(directory), *std::move(own), std::move(state));
}

Result<Mailbox> Mailbox::open(const Directory& base, const Allocation& allocation,
                              pigeon::Deadline deadline) {
  auto mailbox = PIGEON_TRY(open_to_read(base, allocation, deadline));
  PIGEON_TRY(check_retired(mailbox.own_, allocation));
  return mailbox;
}

// The stamp comes first: from then on whoever finds an mbox here knows whose it is, and an mbox without a
// stamp is one that we have not begun. Every step may have been done before, by us or by another process.
Done Mailbox::make(const Directory& base, const Allocation& allocation) {
  const auto place = PIGEON_TRY(Place::of(allocation));
  const auto directory = PIGEON_TRY(make_directory(base, place));
  auto stamp = PIGEON_TRY(stamp_of(directory, place.own()));
  if (!stamp) {
    const bool has_file = PIGEON_TRY(directory.has(place.name));
    // Another process may have done all of this between the two looks; it stamped first.
    stamp = PIGEON_TRY(stamp_of(directory, place.own()));
    if (has_file && !stamp) return unstamped(directory.below(place.name), allocation);
  }
  const auto own = PIGEON_TRY(directory.make(place.own()));
  if (!stamp) {
    PIGEON_TRY(own.publish(kStamp, allocation.id + "\n"));
    stamp = PIGEON_TRY(stamp_of(directory, place.own()));
  }
  if (stamp != allocation.id) return foreign(directory, place, stamp.value_or(""), allocation);
  PIGEON_TRY(check_retired(own, allocation));
  PIGEON_TRY(own.publish(kState, ""));
  // Before the mbox: else a power failure could leave one without its stamp.
  PIGEON_TRY(directory.flush());
  PIGEON_TRY(directory.publish(place.name, ""));
  return {};
}

Done Mailbox::adopt(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline,
                    const std::function<Done(const Directory&, const std::string&)>& examine) {
  const auto place = PIGEON_TRY(Place::of(allocation));
  const auto directory = PIGEON_TRY(find_directory(base, place));
  if (!directory || !PIGEON_TRY(directory->has(place.name))) {
    return pigeon::misconfigured("adopt mailbox " + base.below(place.directory) + "/" + place.name +
                                 ": there is no mbox")
        .with_remedy("put the file there, or name its path below the base: " + command("adopt", allocation) +
                     " PATH");
  }
  PIGEON_TRY(examine(*directory, place.name));
  const auto own = PIGEON_TRY(directory->make(place.own()));
  PIGEON_TRY(own.publish(kStamp, allocation.id + "\n"));
  if (const auto stamp = PIGEON_TRY(stamp_of(*directory, place.own())); stamp != allocation.id)
    return foreign(*directory, place, stamp.value_or(""), allocation);
  if (PIGEON_TRY(own.remove(retired_mark(allocation)))) PIGEON_TRY(own.flush());
  PIGEON_TRY(make(base, allocation));
  // What is there is nobody's attempt.
  auto mailbox = PIGEON_TRY(open(base, allocation, deadline));
  struct stat status = {};
  if (::fstatat(mailbox.directory_.fd(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return pigeon::system_failure("examine " + directory->below(place.name), errno);
  if (mailbox.state_.adopted() != 0) return {};
  return mailbox.state_.adopt(static_cast<std::uint64_t>(status.st_size));
}

// The mark comes before the lock: from then on each delivery, once it has the lock, lets go of it at once.
// Under many of them, the lock would else not be had in time.
Done Mailbox::retire(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline,
                     const std::function<Done(Mailbox&)>& settle) {
  const auto place = PIGEON_TRY(Place::of(allocation));
  const auto directory = PIGEON_TRY(find_directory(base, place));
  const auto own = directory ? PIGEON_TRY(directory->find(place.own())) : std::nullopt;
  if (own && PIGEON_TRY(stamp_of(*directory, place.own())) == allocation.id)
    PIGEON_TRY(own->publish(retired_mark(allocation), ""));
  auto mailbox = PIGEON_TRY(open_to_read(base, allocation, deadline));
  return settle(mailbox);
}

// The stamp goes first, so that no delivery takes what is being deleted for a mailbox; and its record goes
// last, so that whoever is interrupted can begin again.
Done Mailbox::purge(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline) {
  const auto place = PIGEON_TRY(Place::of(allocation));
  const auto directory = PIGEON_TRY(find_directory(base, place));
  if (!directory) return {};
  const auto stamp = PIGEON_TRY(stamp_of(*directory, place.own()));
  const auto purged = PIGEON_TRY(stamp_of(*directory, place.own(), kPurged));
  const auto own = PIGEON_TRY(directory->find(place.own()));
  if (!own || (!stamp && !purged)) {
    return PIGEON_TRY(directory->has(place.name)) ? Done(unstamped(directory->below(place.name), allocation))
                                                  : Done();
  }
  if ((stamp ? *stamp : *purged) != allocation.id)
    return foreign(*directory, place, stamp ? *stamp : *purged, allocation);
  // Nobody else of ours is at it; one that was never finished has nothing to be locked.
  const auto state = State::open(*own, kState, false);
  if (state) PIGEON_TRY(lock_within(state->file(), own->below(kState), deadline));
  if (stamp) PIGEON_TRY(own->rename(kStamp, *own, kPurged));
  PIGEON_TRY(own->flush());
  PIGEON_TRY(directory->remove(place.name));
  PIGEON_TRY(remove_directory(*directory, place.folders()));
  PIGEON_TRY(directory->flush());
  for (const auto& name : PIGEON_TRY(own->names())) {
    if (name != kPurged) PIGEON_TRY(own->remove(name));
  }
  PIGEON_TRY(own->flush());
  return remove_directory(*directory, place.own());
}

Done Mailbox::make_folder(const std::string& file) const {
  const auto folders = PIGEON_TRY(directory_.make(place_.folders()));
  PIGEON_TRY(directory_.flush());
  PIGEON_TRY(folders.publish(file, ""));
  return {};
}

Result<std::vector<std::string>> Mailbox::folder_files() const {
  const auto folders = PIGEON_TRY(directory_.find(place_.folders()));
  return folders ? files_of_folders(*folders) : std::vector<std::string>();
}

Result<std::optional<Directory>> Mailbox::directory_of(const std::string& file) const {
  const auto slash = file.rfind('/');
  return directory_.find(place_.folders() + (slash == std::string::npos ? "" : "/" + file.substr(0, slash)));
}

}  // namespace mda_mbox
