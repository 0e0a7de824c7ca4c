// SPDX-License-Identifier: MIT
#include "reading.hpp"

#include "folder.hpp"

#include <mailbox-rules/limits.hpp>

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/values.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace sql_mailbox {
namespace {

// What the main folder is called among others, as IMAP calls it.
constexpr const char* kMain = "INBOX";
constexpr std::int64_t kPage = 500;  // entries at a time

Failure too_late(const Place& place) {
  return pigeon::failure(PIGEON_TIMEOUT, "read mailbox " + place.shown + ": the time is over");
}

Failure not_there(const Place& place, const std::string& name) {
  return pigeon::failure(PIGEON_NOT_THERE,
                         "read message " + pigeon::printable(name) + " of " + place.shown + ": it is gone");
}

Failure damaged(const Place& place, const std::string& name) {
  return pigeon::unavailable("read message " + name + " of " + place.shown +
                             ": its records do not make up its size")
      .with_remedy("restore it from a backup");
}

std::uint64_t never_negative(std::int64_t value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}

}  // namespace

Done Reading::list(const Allocation& allocation, Deadline deadline,
                   const std::function<bool(const pigeon::Entry&)>& visit) {
  const auto row = PIGEON_TRY(Mailboxes(connection_, dialect_).find_own(place_, allocation, false));
  std::vector<std::pair<std::int64_t, std::string>> folders;
  auto* statement =
      PIGEON_TRY(connection_.prepare("SELECT folder, name FROM folders WHERE mailbox = ? ORDER BY name"));
  statement->with(row.mailbox);
  while (PIGEON_TRY(statement->step())) folders.emplace_back(statement->integer(0), statement->text(1));
  bool goes_on = true;
  for (const auto& [folder, name] : folders) {
    PIGEON_TRY(list_folder(folder, name, deadline, visit, goes_on));
    if (!goes_on) break;
  }
  return {};
}

// Nothing is being read while the visitor is called: he may take his time, and read a message.
Done Reading::list_folder(std::int64_t folder, const std::string& name, Deadline deadline,
                          const std::function<bool(const pigeon::Entry&)>& visit, bool& goes_on) {
  auto* statement = PIGEON_TRY(connection_.prepare("SELECT uid, bytes, received, marks, delivery FROM " +
                                                   place_.messages() +
                                                   " WHERE folder = ? AND uid > ? AND part = 0 "
                                                   "ORDER BY uid LIMIT " +
                                                   std::to_string(kPage)));
  std::vector<pigeon::Entry> page;
  std::int64_t last = 0;
  do {
    if (deadline.passed()) return too_late(place_);
    page.clear();
    statement->with(folder, last);
    while (PIGEON_TRY(statement->step())) {
      last = statement->integer(0);
      page.push_back({.folder = name.empty() ? std::string(kMain) : name,
                      .name = std::to_string(last),
                      .bytes = never_negative(statement->integer(1)),
                      .received = statement->integer(2),
                      .marks = static_cast<std::uint32_t>(statement->integer(3)),
                      .id = statement->text(4)});
    }
    for (const auto& entry : page) {
      goes_on = visit(entry);
      if (!goes_on) return {};
    }
  } while (page.size() == static_cast<std::size_t>(kPage));
  return {};
}

Done Reading::read(const Allocation& allocation, const std::string& folder, const std::string& name,
                   Deadline deadline, const std::function<bool(std::string_view)>& give) {
  const auto row = PIGEON_TRY(Mailboxes(connection_, dialect_).find_own(place_, allocation, false));
  const auto uid = pigeon::number(name);
  const auto own_name = folder_name(folder);
  if (!uid || !own_name) return not_there(place_, name);
  auto* statement = PIGEON_TRY(
      connection_.prepare("SELECT m.bytes, m.content FROM folders f JOIN " + place_.messages() +
                          " m ON m.folder = f.folder WHERE f.mailbox = ? AND f.name = ? AND m.uid = ? AND "
                          "m.part = ?"));
  const auto find = [&](std::int64_t part) {
    return statement->with(row.mailbox, std::string_view(*own_name), static_cast<std::int64_t>(*uid), part)
        .step();
  };
  std::uint64_t left = 0;
  for (std::int64_t part = 0; part == 0 || left > 0; ++part) {
    if (deadline.passed()) return too_late(place_);
    if (!PIGEON_TRY(find(part))) {
      // Deleted, be it while it was read: then its first record is gone, too.
      if (part == 0 || !PIGEON_TRY(find(0))) return not_there(place_, name);
      statement->reset();
      return damaged(place_, name);
    }
    const auto content = statement->text(1);
    if (part == 0) left = never_negative(statement->integer(0));
    statement->reset();
    if (content.size() > left || (content.empty() && left > 0)) return damaged(place_, name);
    left -= content.size();
    if (!content.empty() && !give(content)) return {};
  }
  return {};
}

Done Reading::count(Row& row) {
  auto* statement = PIGEON_TRY(
      connection_.prepare("SELECT sum(m.bytes), count(*) FROM folders f JOIN " + place_.messages() +
                          " m ON m.folder = f.folder WHERE f.mailbox = ? AND m.part = 0"));
  PIGEON_TRY(statement->with(row.mailbox).step());
  // A sum over 64 bits is another type for a server: its digits are the same.
  const auto sum = statement->is_null(0) ? std::string("0") : statement->text(0);
  row.bytes = static_cast<std::int64_t>(pigeon::number(sum).value_or(0));
  row.messages = statement->integer(1);
  row.counted = seconds_now();
  statement->reset();
  auto* update = PIGEON_TRY(
      connection_.prepare("UPDATE mailboxes SET bytes = ?, messages = ?, counted = ? WHERE mailbox = ?"));
  PIGEON_TRY(update->with(row.bytes, row.messages, row.counted, row.mailbox).run());
  return {};
}

Result<pigeon::Usage> Reading::usage(const Allocation& allocation, const pigeon::Settings& preferences,
                                     bool recount) {
  Row row;
  Mailboxes mailboxes(connection_, dialect_);
  if (recount) {
    auto transaction = PIGEON_TRY(Transaction::begin(connection_, Transaction::For::writing));
    row = PIGEON_TRY(mailboxes.find_own(place_, allocation, true));
    PIGEON_TRY(count(row));
    PIGEON_TRY(transaction.commit());
  } else {
    row = PIGEON_TRY(mailboxes.find_own(place_, allocation, false));
  }
  return mailbox_rules::Limits::of(preferences).beside(usage_of(row));
}

pigeon::Usage usage_of(const Row& row) {
  return {.bytes = never_negative(row.bytes), .messages = never_negative(row.messages)};
}

}  // namespace sql_mailbox
