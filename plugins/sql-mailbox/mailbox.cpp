// SPDX-License-Identifier: MIT
#include "mailbox.hpp"

#include <mailbox-rules/stamp.hpp>

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <ctime>
#include <vector>

namespace sql_mailbox {
namespace {

using mailbox_rules::command;
using mailbox_rules::unstamped;

Failure foreign(const Place& place, const std::string& id, const Allocation& allocation) {
  return mailbox_rules::foreign(place.shown, id,
                                "(UPDATE mailboxes SET allocation = NULL, state = 0 WHERE allocation = '" +
                                    pigeon::printable(id) + "')",
                                allocation);
}

Failure retired(const Place& place, const Allocation& allocation) {
  return pigeon::misconfigured("use mailbox " + place.shown + ": it is retired, its mail is being moved")
      .with_remedy("end the move with `" + command("move --resume", allocation) +
                   " MDA`, or take it back with `" + command("adopt", allocation) + "`");
}

Failure purged(const Place& place, const Allocation& allocation) {
  return pigeon::misconfigured("use mailbox " + place.shown + ": it is being purged")
      .with_remedy("end that with `" + command("purge", allocation) + "`");
}

std::string repeated(const std::string& text, std::size_t times) {
  return pigeon::join(std::vector<std::string>(times, text), ", ");
}

// Of a row, as read_row takes them.
constexpr const char* kColumns =
    "SELECT m.mailbox, m.allocation, m.own_table, m.state, m.bytes, m.messages, m.counted, m.forgotten";
constexpr int kColumnsOfRow = 8;

Row read_row(const Statement& statement) {
  Row row;
  row.mailbox = statement.integer(0);
  if (!statement.is_null(1)) row.allocation = statement.text(1);
  if (!statement.is_null(2)) row.own_table = statement.text(2);
  row.state = static_cast<State>(statement.integer(3));
  row.bytes = statement.integer(4);
  row.messages = statement.integer(5);
  row.counted = statement.integer(6);
  row.forgotten = statement.integer(7);
  return row;
}

// Whose it is; the state is another question.
Done check_stamp(const Row& row, const Place& place, const Allocation& allocation) {
  if (!row.allocation) return unstamped(place.shown, allocation);
  if (*row.allocation != allocation.id) return foreign(place, *row.allocation, allocation);
  if (row.own_table == place.own_table) return {};
  return pigeon::misconfigured("use mailbox " + place.shown + ": its messages are in table '" +
                               pigeon::printable(row.own_table) + "', and the allocation says '" +
                               pigeon::printable(place.own_table) + "'")
      .with_remedy("restore the allocation of " + pigeon::shell_word(allocation.principal.address()) +
                   " from a backup of the tree");
}

}  // namespace

std::int64_t seconds_now() {
  return static_cast<std::int64_t>(std::time(nullptr));
}

std::int64_t this_week() {
  constexpr std::int64_t kWeek = 604'800;  // seconds
  return seconds_now() / kWeek;
}

std::string insert_into_ledger(std::size_t rows) {
  return "INSERT INTO deliveries (mailbox, id, week, folder, uid) VALUES " +
         repeated("(?, ?, ?, ?, ?)", rows);
}

std::string enter_into_ledger(const Dialect& dialect) {
  return insert_into_ledger(1) + std::string(dialect.unless_there);
}

std::string insert_into_messages(const Place& place, std::size_t rows) {
  return "INSERT INTO " + place.messages() +
         " (folder, uid, part, received, bytes, wire_bytes, marks, delivery, content) VALUES " +
         repeated("(?, ?, ?, ?, ?, ?, ?, ?, ?)", rows);
}

Failure gone(const Place& place, const Allocation& allocation) {
  return mailbox_rules::gone(place.shown, "restore it from a backup", allocation);
}

Failure no_foreign(const std::string& what) {
  return pigeon::failure(PIGEON_UNSUPPORTED, what + ": no other program makes mailboxes of this format");
}

Done Mailboxes::run(const std::string& sql, std::int64_t parameter) {
  auto* statement = PIGEON_TRY(connection_.prepare(sql));
  PIGEON_TRY(statement->with(parameter).run());
  return {};
}

Result<std::optional<Row>> Mailboxes::find(const Place& place, bool locks) {
  auto* statement =
      PIGEON_TRY(connection_.prepare(std::string(kColumns) + " FROM mailboxes m WHERE m.name = ?" +
                                     std::string(locks ? dialect_.locking : "")));
  if (!PIGEON_TRY(statement->with(std::string_view(place.name)).step())) return std::nullopt;
  auto row = read_row(*statement);
  statement->reset();
  return row;
}

Result<std::optional<Mailboxes::Found>> Mailboxes::hold(const Place& place, const std::string& folder) {
  auto* statement = PIGEON_TRY(
      connection_.prepare(std::string(kColumns) +
                          ", f.folder, f.uidnext FROM mailboxes m LEFT JOIN folders f ON f.mailbox = "
                          "m.mailbox AND f.name = ? WHERE m.name = ?" +
                          std::string(dialect_.locking)));
  statement->with(std::string_view(folder), std::string_view(place.name));
  if (!PIGEON_TRY(statement->step())) return std::nullopt;
  Found found{.row = read_row(*statement), .folder = {}};
  if (!statement->is_null(kColumnsOfRow)) {
    found.folder = {.folder = statement->integer(kColumnsOfRow),
                    .uidnext = statement->integer(kColumnsOfRow + 1)};
  }
  statement->reset();
  return found;
}

Result<Row> Mailboxes::find_own(const Place& place, const Allocation& allocation, bool locks) {
  auto row = PIGEON_TRY(find(place, locks));
  if (!row) return gone(place, allocation);
  PIGEON_TRY(check_stamp(*row, place, allocation));
  return *std::move(row);
}

Done Mailboxes::check_open(const Row& row, const Place& place, const Allocation& allocation) {
  PIGEON_TRY(check_stamp(row, place, allocation));
  if (row.state == State::open) return {};
  return row.state == State::retired ? retired(place, allocation) : purged(place, allocation);
}

// A table that another mailbox has is its own; and mail in one that none has bears no stamp.
Done Mailboxes::check_table(const Place& place, const Allocation& allocation) {
  auto* owner = PIGEON_TRY(connection_.prepare("SELECT allocation FROM mailboxes WHERE own_table = ?"));
  if (PIGEON_TRY(owner->with(std::string_view(place.own_table)).step())) {
    const auto id = owner->text(0);
    owner->reset();
    return foreign(place, id, allocation);
  }
  auto* mail = PIGEON_TRY(connection_.prepare("SELECT 1 FROM " + place.messages() + " LIMIT 1"));
  const bool has_mail = PIGEON_TRY(mail->with().step());
  mail->reset();
  return has_mail ? Done(unstamped(place.shown, allocation)) : Done();
}

Done Mailboxes::insert(const Place& place, const Allocation& allocation) {
  const std::string table = place.own_table.empty() ? "NULL" : "'" + place.own_table + "'";
  auto* mailbox = PIGEON_TRY(connection_.prepare(
      "INSERT INTO mailboxes (name, own_table, allocation, state, bytes, messages, counted, "
      "forgotten) VALUES (?, " +
      table + ", ?, 0, 0, 0, ?, 0)"));
  PIGEON_TRY(
      mailbox->with(std::string_view(place.name), std::string_view(allocation.id), seconds_now()).run());
  const auto id = PIGEON_TRY(connection_.last_id());
  auto* folder = PIGEON_TRY(
      connection_.prepare("INSERT INTO folders (mailbox, name, uidvalidity, uidnext) VALUES (?, ?, ?, 1)"));
  PIGEON_TRY(folder->with(id, std::string_view(), seconds_now()).run());
  return {};
}

Done Mailboxes::set(const Row& row, const Allocation& allocation, State state) {
  auto* update = PIGEON_TRY(connection_.prepare(
      "UPDATE mailboxes SET allocation = ?, state = ?, repeats = repeats + 1 WHERE mailbox = ?"));
  PIGEON_TRY(
      update->with(std::string_view(allocation.id), static_cast<std::int64_t>(state), row.mailbox).run());
  return {};
}

// The stamp comes last: a mailbox that bears it is whole. A table of its own is made before, because a server
// ends a transaction for it; an empty one without a row was left by somebody who did not come further.
Done Mailboxes::make(const Place& place, const Allocation& allocation) {
  if (!place.own_table.empty() && !PIGEON_TRY(find(place, false)))
    PIGEON_TRY(connection_.execute(dialect_.messages_table(place.own_table)));
  auto transaction = PIGEON_TRY(Transaction::begin(connection_, Transaction::For::writing));
  if (const auto row = PIGEON_TRY(find(place, true))) {
    PIGEON_TRY(check_open(*row, place, allocation));
    if (!dialect_.shows_early) return {};
    PIGEON_TRY(set(*row, allocation, State::open));
    return transaction.commit();
  }
  if (!place.own_table.empty()) PIGEON_TRY(check_table(place, allocation));
  PIGEON_TRY(insert(place, allocation));
  return transaction.commit();
}

Done Mailboxes::adopt(const Place& place, const Allocation& allocation) {
  auto transaction = PIGEON_TRY(Transaction::begin(connection_, Transaction::For::writing));
  auto row = PIGEON_TRY(find(place, true));
  if (!row) return gone(place, allocation);
  if (!row->allocation) row->allocation = allocation.id;
  PIGEON_TRY(check_stamp(*row, place, allocation));
  if (row->state == State::purged) return purged(place, allocation);
  PIGEON_TRY(set(*row, allocation, State::open));
  return transaction.commit();
}

Result<bool> Mailboxes::end(const Place& place, const Allocation& allocation, State state) {
  auto transaction = PIGEON_TRY(Transaction::begin(connection_, Transaction::For::writing));
  const auto row = PIGEON_TRY(find(place, true));
  if (!row) return false;
  PIGEON_TRY(check_stamp(*row, place, allocation));
  PIGEON_TRY(set(*row, allocation, std::max(row->state, state)));
  PIGEON_TRY(transaction.commit());
  return true;
}

Done Mailboxes::retire(const Place& place, const Allocation& allocation) {
  return PIGEON_TRY(end(place, allocation, State::retired)) ? Done() : Done(gone(place, allocation));
}

// The row goes last, so that whoever is interrupted can begin again.
Done Mailboxes::remove(const Place& place, const Allocation& allocation) {
  const auto row = PIGEON_TRY(find_own(place, allocation, false));
  const std::string own_folders = "(SELECT folder FROM folders WHERE mailbox = ?)";
  if (place.own_table.empty()) {
    // Each a transaction of its own: one of many gigabytes would be none.
    auto* some = PIGEON_TRY(connection_.prepare("DELETE FROM " + place.messages() + " WHERE folder IN " +
                                                own_folders + " LIMIT 1000"));
    while (PIGEON_TRY(some->with(row.mailbox).run()) > 0) {
    }
  } else {
    // Asked and done by one statement: at another node of a cluster, somebody may have come before us, and a
    // new mailbox have a table of the same name.
    PIGEON_TRY(connection_.execute(
        "BEGIN NOT ATOMIC IF EXISTS (SELECT 1 FROM mailboxes WHERE mailbox = " + std::to_string(row.mailbox) +
        " AND state = 2) THEN DROP TABLE IF EXISTS " + place.messages() + "; END IF; END"));
  }
  PIGEON_TRY(run("DELETE FROM fields WHERE folder IN " + own_folders, row.mailbox));
  auto transaction = PIGEON_TRY(Transaction::begin(connection_, Transaction::For::writing));
  for (const auto* table : {"deliveries", "folders", "mailboxes"})
    PIGEON_TRY(run("DELETE FROM " + std::string(table) + " WHERE mailbox = ?", row.mailbox));
  return transaction.commit();
}

}  // namespace sql_mailbox
