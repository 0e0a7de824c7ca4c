// SPDX-License-Identifier: MIT
#include "reading.hpp"

#include "folder.hpp"
#include "hash.hpp"
#include "original.hpp"
#include "quota.hpp"
#include "splitting.hpp"

#include <mailbox-rules/files.hpp>

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <optional>
#include <vector>

namespace mda_mbox {
namespace {

using pigeon::Entry;

constexpr std::size_t kHashDigits = 16;

struct Seen {
  std::uint32_t marks = 0;
  std::uint64_t bytes = 0;
  std::string hash;
};

Result<Seen> look_at(Window& window, const Extent& extent, Quoting quoting, pigeon::Deadline deadline) {
  Seen seen;
  Hash hash;
  const auto add = [&](std::string_view bytes) {
    hash.add(bytes);
    seen.bytes += bytes.size();
    return true;
  };
  seen.marks = PIGEON_TRY(give_original(window, extent, quoting, deadline, add));
  seen.hash = hash.text();
  return seen;
}

Failure no_mbox(const std::string& shown) {
  return pigeon::misconfigured("read " + shown + ": it is not an mbox")
      .with_remedy(
          "look at its first line, which should begin with \"From \"; if it is no mail, move it elsewhere");
}

Done collect(Window& window, const std::string& folder, Ledger* ledger, Quoting quoting,
             pigeon::Deadline deadline, std::vector<Entry>& entries) {
  if (!PIGEON_TRY(is_mbox(window))) return no_mbox(window.shown());
  for (std::uint64_t at = 0;;) {
    const auto extent = PIGEON_TRY(find_message(window, at, quoting));
    if (!extent) return {};
    auto seen = PIGEON_TRY(look_at(window, *extent, quoting, deadline));
    auto& entry = entries.emplace_back();
    entry.folder = folder;
    entry.name = std::to_string(extent->begin) + "-" + seen.hash;
    entry.bytes = seen.bytes;
    entry.received = extent->received;
    entry.marks = seen.marks;
    if (ledger != nullptr) entry.id = ledger->id_of(seen.hash).value_or("");
    at = extent->next;
  }
}

// The message of this name, where it stood or where it stands now.
Result<std::optional<Extent>> find_named(Window& window, const std::string& name, Quoting quoting,
                                         pigeon::Deadline deadline) {
  const auto dash = name.find('-');
  const auto offset = pigeon::number(name.substr(0, dash));
  if (dash == std::string::npos || !offset || name.size() - dash - 1 != kHashDigits) return std::nullopt;
  const auto hash = name.substr(dash + 1);
  for (const auto& [from, only] : {std::pair(*offset, true), std::pair(std::uint64_t{0}, false)}) {
    for (auto at = from;;) {
      const auto extent = PIGEON_TRY(find_message(window, at, quoting));
      if (!extent || (only && extent->begin != *offset)) break;
      if (PIGEON_TRY(look_at(window, *extent, quoting, deadline)).hash == hash) return extent;
      if (only) break;
      at = extent->next;
    }
  }
  return std::nullopt;
}

Failure removed(const std::string& shown, const std::string& name) {
  return pigeon::failure(PIGEON_NOT_THERE, "read message " + pigeon::printable(name) + " of " + shown +
                                               ": it is not there any more")
      .with_remedy("nothing, if somebody reads this mailbox");
}

Failure changed(const std::string& shown, const std::string& name) {
  return pigeon::temporary("read message " + pigeon::printable(name) + " of " + shown +
                           ": no message has these bytes any more, and as many are there as before; another "
                           "program has changed it")
      .with_remedy("close that program, and begin again");
}

Done give_named(Window& window, const std::string& name, Quoting quoting, pigeon::Deadline deadline,
                const GiveBytes& give) {
  const auto extent = PIGEON_TRY(find_named(window, name, quoting, deadline));
  if (!extent) return removed(window.shown(), name);
  PIGEON_TRY(give_original(window, *extent, quoting, deadline, give));
  return {};
}

// Calls `look` with each file of the mailbox that is wanted, locked; empty: with all.
template <typename Look>
Done look_at_files(Mailbox& mailbox, const Allocation& allocation, const Rules& rules,
                   pigeon::Deadline deadline, const std::string& wanted, Look&& look) {
  return each_file(mailbox,
                   [&](const Directory& directory, const std::string& name, State& state,
                       const std::string& file) -> Done {
                     const auto folder = folder_name(file);
                     if (!wanted.empty() && wanted != folder) return {};
                     const auto spool =
                         PIGEON_TRY(Spool::open(directory, name, state, rules.locks, deadline));
                     if (!spool) return mailbox_rules::gone(directory.below(name), allocation);
                     auto end = spool->size();
                     if (state.has_intent()) {
                       // A piece of a message that comes again is none.
                       Ledger ledger;
                       PIGEON_TRY(ledger.read(mailbox.own()));
                       end = PIGEON_TRY(spool->unfinished(ledger, file)).value_or(end);
                     }
                     Window window(spool->file(), end, spool->shown(), deadline);
                     return look(window, folder);
                   });
}

struct ForeignFile {
  pigeon::Fd file;
  std::uint64_t size;
  std::string shown;
};
Result<ForeignFile> open_foreign(const Allocation& allocation, pigeon::Deadline deadline) {
  const std::string path(allocation.attributes.get("home").value_or(""));
  const auto shown = pigeon::printable(path);
  const auto slash = path.rfind('/');
  if (!pigeon::starts_with(path, "/") || !pigeon::is_file_name(path.substr(slash + 1)))
    return pigeon::misconfigured("read the mbox '" + shown + "': it is no absolute path of a file");
  const auto directory = PIGEON_TRY(Directory::open(slash == 0 ? "/" : path.substr(0, slash)));
  auto file = directory ? PIGEON_TRY(directory->open_file(path.substr(slash + 1))) : std::nullopt;
  if (!file) return pigeon::misconfigured("read the mbox " + shown + ": it is not there");
  Patience patience(deadline);
  while (!PIGEON_TRY(try_to_lock(*file, true, shown))) {
    if (!patience.wait())
      return pigeon::failure(PIGEON_BUSY, "read " + shown + ": another program has it until the time is up");
  }
  struct stat status = {};
  if (::fstat(file->get(), &status) != 0) return pigeon::system_failure("examine " + shown, errno);
  if (!S_ISREG(status.st_mode)) return no_mbox(shown);
  return ForeignFile{*std::move(file), static_cast<std::uint64_t>(status.st_size), shown};
}

Done visit_all(const std::vector<Entry>& entries, const Visit& visit) {
  for (const auto& entry : entries) {
    if (!visit(entry)) break;
  }
  return {};
}

}  // namespace

bool Listed::may_be_removed(const Allocation& allocation, const std::string& folder, const std::string& name,
                            std::uint64_t messages) {
  const auto found = folders_.find(folder);
  if (id_ != allocation.id || found == folders_.end() || !found->second.names.contains(name)) return true;
  auto& [names, removed] = found->second;
  removed.insert(name);
  return messages + removed.size() <= names.size();
}

Done list_messages(const Directory& base, const Allocation& allocation, const Rules& rules, Listed& listed,
                   pigeon::Deadline deadline, const Visit& visit) {
  std::vector<Entry> entries;
  {
    auto mailbox = PIGEON_TRY(Mailbox::open_to_read(base, allocation, deadline));
    Ledger ledger;
    PIGEON_TRY(ledger.read(mailbox.own()));
    PIGEON_TRY(look_at_files(mailbox, allocation, rules, deadline, "",
                             [&](Window& window, const std::string& folder) {
                               return collect(window, folder, &ledger, rules.quoting, deadline, entries);
                             }));
  }
  listed.begin(allocation);
  for (const auto& entry : entries) listed.add(entry);
  return visit_all(entries, visit);
}

Done read_message(const Directory& base, const Allocation& allocation, const std::string& folder,
                  const std::string& name, const Rules& rules, Listed& listed, pigeon::Deadline deadline,
                  const GiveBytes& give) {
  auto mailbox = PIGEON_TRY(Mailbox::open_to_read(base, allocation, deadline));
  const auto wanted = folder.empty() ? folder_name("") : folder;
  const auto each = [&](auto&& look) {
    return look_at_files(mailbox, allocation, rules, deadline, wanted, look);
  };
  bool is_given = false;
  // Two files may have names that say the same, in other programs' spelling.
  PIGEON_TRY(each([&](Window& window, const std::string& /*folder*/) -> Done {
    if (is_given) return {};
    auto given = give_named(window, name, rules.quoting, deadline, give);
    is_given = static_cast<bool>(given);
    if (!given && given.failure().status == PIGEON_NOT_THERE) return {};
    return given;
  }));
  if (is_given) return {};
  std::uint64_t messages = 0;
  PIGEON_TRY(each([&](Window& window, const std::string& /*folder*/) -> Done {
    messages += PIGEON_TRY(count_messages(window, rules.quoting));
    return {};
  }));
  const auto shown = mailbox.directory().below(mailbox.name());
  if (listed.may_be_removed(allocation, wanted, name, messages)) return removed(shown, name);
  return changed(shown, name);
}

Done list_foreign(const Allocation& allocation, const Rules& rules, pigeon::Deadline deadline,
                  const Visit& visit) {
  std::vector<Entry> entries;
  {
    const auto found = PIGEON_TRY(open_foreign(allocation, deadline));
    Window window(found.file, found.size, found.shown, deadline);
    PIGEON_TRY(collect(window, folder_name(""), nullptr, rules.quoting, deadline, entries));
  }
  return visit_all(entries, visit);
}

bool has_foreign_folders(const Allocation& allocation) {
  struct stat status = {};
  const std::string path(allocation.attributes.get("home").value_or(""));
  return ::stat((path + std::string(kFoldersSuffix)).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Done read_foreign(const Allocation& allocation, const std::string& folder, const std::string& name,
                  const Rules& rules, pigeon::Deadline deadline, const GiveBytes& give) {
  const auto found = PIGEON_TRY(open_foreign(allocation, deadline));
  if (!folder.empty() && folder != folder_name("")) return removed(found.shown, name);
  Window window(found.file, found.size, found.shown, deadline);
  return give_named(window, name, rules.quoting, deadline, give);
}

Done check_is_mbox(const Directory& directory, const std::string& name) {
  const auto file = PIGEON_TRY(directory.open_file(name));
  struct stat status = {};
  if (!file) return pigeon::misconfigured("adopt " + directory.below(name) + ": it is gone");
  if (::fstat(file->get(), &status) != 0)
    return pigeon::system_failure("examine " + directory.below(name), errno);
  Window window(*file, static_cast<std::uint64_t>(status.st_size), directory.below(name), kAnyTime);
  if (S_ISREG(status.st_mode) && PIGEON_TRY(is_mbox(window))) return {};
  return no_mbox(directory.below(name));
}

}  // namespace mda_mbox
