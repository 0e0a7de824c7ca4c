// SPDX-License-Identifier: MIT
#include "mailbox.hpp"

#include "folder.hpp"
#include "ledger.hpp"

#include <home-template/home.hpp>
#include <mailbox-rules/files.hpp>
#include <mailbox-rules/stamp.hpp>

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

namespace mda_maildir {
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

constexpr const char* kFolderMark = "maildirfolder";  // Maildir++: this directory is a folder, not an account

Failure foreign(const std::string& shown, const std::string& id, const Allocation& allocation) {
  return mailbox_rules::foreign(shown, id, pigeon::shell_word(shown + "/" + kOwn + "/" + kStamp), allocation);
}

}  // namespace

Result<std::optional<Folder>> open_folder(const Directory& maildir, const std::string& name) {
  auto directory = PIGEON_TRY(maildir.find(name.empty() ? "." : name));
  if (!directory) return std::nullopt;
  auto tmp = PIGEON_TRY(directory->find("tmp"));
  auto fresh = PIGEON_TRY(directory->find("new"));
  auto cur = PIGEON_TRY(directory->find("cur"));
  if (!tmp || !fresh || !cur) return std::nullopt;
  return Folder{name.empty(), *std::move(directory), *std::move(tmp), *std::move(fresh), *std::move(cur)};
}

Result<Folder> make_folder(const Directory& maildir, const std::string& name) {
  auto directory = name.empty() ? PIGEON_TRY(maildir.find(".")) : PIGEON_TRY(maildir.make(name));
  if (!directory) return pigeon::temporary("make folder " + maildir.below(name) + ": it vanished at once");
  // First: what has tmp, new and cur is taken for a whole folder, whatever happened to who made it.
  if (!name.empty()) PIGEON_TRY(directory->publish(kFolderMark, ""));
  auto tmp = PIGEON_TRY(directory->make("tmp"));
  auto fresh = PIGEON_TRY(directory->make("new"));
  auto cur = PIGEON_TRY(directory->make("cur"));
  PIGEON_TRY(directory->flush());
  if (!name.empty()) PIGEON_TRY(maildir.flush());
  return Folder{name.empty(), *std::move(directory), std::move(tmp), std::move(fresh), std::move(cur)};
}

Result<Mailbox> Mailbox::open(const Directory& base, const Allocation& allocation) {
  auto mailbox = PIGEON_TRY(open_to_read(base, allocation));
  PIGEON_TRY(mailbox.check_not_retired(allocation));
  return mailbox;
}

Done Mailbox::check_not_retired(const Allocation& allocation) const {
  return check_retired(own_, allocation);
}

Result<Mailbox> Mailbox::open_to_read(const Directory& base, const Allocation& allocation) {
  const auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  auto home = PIGEON_TRY(base.find(path));
  if (!home) return gone(base.below(path), allocation);
  const auto stamp = PIGEON_TRY(stamp_of(*home, kOwn));
  auto maildir = PIGEON_TRY(home->find(kMaildir));
  if (!maildir) return gone(home->below(kMaildir), allocation);
  if (!stamp) return unstamped(home->shown(), allocation);
  if (*stamp != allocation.id) return foreign(home->shown(), *stamp, allocation);
  auto own = PIGEON_TRY(home->find(kOwn));
  if (!own) return gone(home->below(kOwn), allocation);
  return Mailbox(*std::move(own), *std::move(maildir));
}

// The stamp comes first: from then on whoever finds a Maildir here knows whose it is, and a Maildir without a
// stamp is one that we have not begun. Every step may have been done before, by us or by another process.
Done Mailbox::make(const Directory& base, const Allocation& allocation) {
  const auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  const auto home = PIGEON_TRY(pigeon::make_path(base, path));
  auto stamp = PIGEON_TRY(stamp_of(home, kOwn));
  if (!stamp) {
    const bool has_maildir = PIGEON_TRY(home.has(kMaildir));
    // Another process may have done all of this between the two looks; it stamped first.
    stamp = PIGEON_TRY(stamp_of(home, kOwn));
    if (has_maildir && !stamp) return unstamped(home.shown(), allocation);
  }
  if (!stamp) {
    const auto own = PIGEON_TRY(home.make(kOwn));
    PIGEON_TRY(own.publish(kStamp, allocation.id + "\n"));
    // Before the Maildir: else a power failure could leave one without its stamp.
    PIGEON_TRY(home.flush());
    stamp = PIGEON_TRY(stamp_of(home, kOwn));
  }
  if (stamp != allocation.id) return foreign(home.shown(), stamp.value_or(""), allocation);
  const auto own = PIGEON_TRY(home.make(kOwn));
  PIGEON_TRY(check_retired(own, allocation));
  for (const auto* name : {"pending", "done"}) PIGEON_TRY(own.make(name));
  PIGEON_TRY(own.flush());
  const auto maildir = PIGEON_TRY(home.make(kMaildir));
  PIGEON_TRY(make_folder(maildir, ""));
  return home.flush();
}

Done Mailbox::adopt(const Directory& base, const Allocation& allocation) {
  const auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  const auto home = PIGEON_TRY(base.find(path));
  const auto maildir = home ? PIGEON_TRY(home->find(kMaildir)) : std::nullopt;
  if (!maildir || !PIGEON_TRY(open_folder(*maildir, ""))) {
    return pigeon::misconfigured("adopt mailbox " + base.below(path) + "/" + kMaildir +
                                 ": there is no Maildir")
        .with_remedy("put the Maildir there, or name the directory above it: " +
                     command("adopt", allocation) + " DIRECTORY");
  }
  const auto own = PIGEON_TRY(home->make(kOwn));
  PIGEON_TRY(own.publish(kStamp, allocation.id + "\n"));
  if (PIGEON_TRY(own.remove(retired_mark(allocation)))) PIGEON_TRY(own.flush());
  return make(base, allocation);
}

Done Mailbox::retire(const Directory& base, const Allocation& allocation, pigeon::Deadline deadline) {
  const auto mailbox = PIGEON_TRY(open_to_read(base, allocation));
  PIGEON_TRY(mailbox.own_.publish(retired_mark(allocation), ""));
  return PIGEON_TRY(Ledger::open(mailbox.own_)).wait_for_all(deadline);
}

// The stamp goes first, so that no delivery takes what is being deleted for a mailbox; and its record goes
// last, so that whoever is interrupted can begin again.
Done Mailbox::purge(const Directory& base, const Allocation& allocation) {
  const auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  const auto home = PIGEON_TRY(base.find(path));
  if (!home) return {};
  const auto stamp = PIGEON_TRY(stamp_of(*home, kOwn));
  const auto purged = PIGEON_TRY(stamp_of(*home, kOwn, kPurged));
  if (!stamp && !purged) {
    return PIGEON_TRY(home->has(kMaildir)) ? Done(unstamped(home->shown(), allocation)) : Done();
  }
  if ((stamp ? *stamp : *purged) != allocation.id)
    return foreign(home->shown(), stamp ? *stamp : *purged, allocation);
  const auto own = PIGEON_TRY(home->make(kOwn));
  if (stamp) PIGEON_TRY(own.rename(kStamp, own, kPurged));
  PIGEON_TRY(own.flush());
  for (const auto* name : {"pending", "done"}) PIGEON_TRY(remove_directory(own, name));
  PIGEON_TRY(remove_directory(*home, kMaildir));
  PIGEON_TRY(remove_directory(*home, kOwn));
  return mailbox_rules::remove_home(base, path);
}

}  // namespace mda_maildir
