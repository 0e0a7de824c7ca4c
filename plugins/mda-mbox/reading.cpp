// SPDX-License-Identifier: MIT
#include "reading.hpp"

#include "entries.hpp"
#include "folder.hpp"
#include "quota.hpp"

#include <mailbox-rules/files.hpp>

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <optional>
#include <vector>

namespace mda_mbox {
namespace {

using pigeon::Entry;

Failure changed(const std::string& shown, const std::string& name) {
  return pigeon::temporary("read message " + pigeon::printable(name) + " of " + shown +
                           ": no message has these bytes any more, and as many are there as before; another "
                           "program has changed it")
      .with_remedy("close that program, and begin again");
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
