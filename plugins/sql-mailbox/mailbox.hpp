// SPDX-License-Identifier: MIT
//
// A mailbox: its row in the table of mailboxes, which bears the allocation's id, and what belongs to it.
//
// Whoever delivers, retires or purges holds the row until his transaction ends. So on the return of `end` no
// delivery is under way, and each that comes finds the mailbox ended.
#pragma once

#include "dialect.hpp"

#include <sql-database/connection.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sql_mailbox {

using pigeon::Allocation;
using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;
using sql_database::Connection;
using sql_database::Statement;
using sql_database::Transaction;

// Where an allocation's mailbox is in its database.
struct Place {
  std::string name;       // in the table of mailboxes
  std::string own_table;  // of its messages; empty: the shared one
  std::string shown;      // for people

  // Quoted.
  [[nodiscard]] std::string messages() const {
    return "\"" + (own_table.empty() ? std::string(kSharedMessages) : own_table) + "\"";
  }
};

enum class State : std::int64_t { open, retired, purged };

struct Row {
  std::int64_t mailbox = 0;
  std::optional<std::string> allocation;  // the stamp
  std::string own_table;
  State state = State::open;
  std::int64_t bytes = 0;
  std::int64_t messages = 0;
  std::int64_t counted = 0;    // when, in seconds since 1970
  std::int64_t forgotten = 0;  // the last week in which old deliveries were forgotten
};

struct FolderRow {
  std::int64_t folder = 0;
  std::int64_t uidnext = 1;
};

class Mailboxes {
 public:
  Mailboxes(Connection& connection, const Dialect& dialect) : connection_(connection), dialect_(dialect) {}

  // pigeon/abi/mda.h says what these do. The tables that all mailboxes share are there.
  Done make(const Place& place, const Allocation& allocation);
  Done adopt(const Place& place, const Allocation& allocation);
  // From now on the mailbox is retired, or on its way to be purged. False: it is not there.
  Result<bool> end(const Place& place, const Allocation& allocation, State state);
  Done retire(const Place& place, const Allocation& allocation);
  // Deletes what is on its way to be purged. REQUIRES: nobody else does so at the same time.
  Done remove(const Place& place, const Allocation& allocation);

  // The row, whoever's it is; nothing if there is none. locks: until the transaction ends.
  Result<std::optional<Row>> find(const Place& place, bool locks);
  // The same, held until the transaction ends, with the row of the mailbox's folder of this name, if it has
  // one. By one statement, in which the mailbox comes first: nobody who holds it changes the folder
  // meanwhile.
  struct Found {
    Row row;
    std::optional<FolderRow> folder;
  };
  Result<std::optional<Found>> hold(const Place& place, const std::string& folder);
  // The row of this allocation and no other.
  Result<Row> find_own(const Place& place, const Allocation& allocation, bool locks);
  // Why mail cannot be delivered into it, if it cannot.
  static Done check_open(const Row& row, const Place& place, const Allocation& allocation);

 private:
  Done insert(const Place& place, const Allocation& allocation);
  // Writes, also where that is what the row says already: that it can be seen does not mean that it is
  // durable yet, for a server may show it before. What is written after it, and is durable, says that it is,
  // too.
  Done set(const Row& row, const Allocation& allocation, State state);
  Done check_table(const Place& place, const Allocation& allocation);
  Done run(const std::string& sql, std::int64_t parameter);

  Connection& connection_;
  const Dialect& dialect_;
};

std::int64_t seconds_now();
// Since 1970: how the ledger tells what is old.
std::int64_t this_week();
// Statements for so many rows: of a mailbox, id, week, folder, uid; and of a folder, uid, part, received,
// bytes, wire_bytes, marks, delivery, content.
std::string insert_into_ledger(std::size_t rows);
// One row, if its mailbox and id are not there yet: else nothing is changed.
std::string enter_into_ledger(const Dialect& dialect);
std::string insert_into_messages(const Place& place, std::size_t rows);
Failure gone(const Place& place, const Allocation& allocation);
// There is nothing for an allocation without an id to name.
Failure no_foreign(const std::string& what);

}  // namespace sql_mailbox
