// SPDX-License-Identifier: MIT
//
// The tables of mailboxes, and the words in which SQLite and MariaDB differ about them. Both take "names" in
// double quotes, MariaDB because it is told to.
//
//   mailboxes    a row for each: whose it is (the stamp), whether it still takes mail, and how much it holds
//   folders      a row for each folder; its UID counter, and its UIDVALIDITY
//   messages     a record for each message, or several where it is large: part 0 says what the message is
//   deliveries   what a mailbox has taken, so that a retry stores nothing twice
//   fields       the index of header fields, if there is to be one
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sql_mailbox {

struct Dialect {
  // All that a database of mailboxes has before there is one.
  std::string_view own_tables;
  // A table of messages of this name, which needs no quoting.
  std::string (*messages_table)(const std::string& name);
  // At the end of a SELECT: nobody else may change what it finds until the transaction ends.
  std::string_view locking;
  // At the end of an INSERT of a row that has a primary key only: one that is there already stays as it is,
  // and is not counted as changed. Whatever else is wrong is an error all the same.
  std::string_view unless_there;
  // Forgets deliveries to a mailbox that were in a week before this one; not more than kMostForgotten.
  std::string_view forget;
  // Whether a statement can be a block of several, also with COMMIT at its end.
  bool has_blocks;
  // Whether others may see what was committed before it is durable.
  bool shows_early;
};

// The table of messages of all mailboxes that have none of their own.
constexpr const char* kSharedMessages = "messages";
// So that tidying up never takes long, however much there is.
constexpr std::int64_t kMostForgotten = 500;
constexpr std::int64_t kLayoutVersion = 1;
// In the head of an SQLite file, as own_tables writes it.
constexpr std::int64_t kApplicationId = 0x50474d42;  // "PGMB"

const Dialect& sqlite_dialect();
const Dialect& mysql_dialect();

}  // namespace sql_mailbox
