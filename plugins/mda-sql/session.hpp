// SPDX-License-Identifier: MIT
//
// A connection to a MariaDB server that holds mailboxes.
#pragma once

#include <sql-mailbox/mailbox.hpp>
#include <sql-server/connection.hpp>

#include <cstddef>
#include <memory>

namespace mda_sql {

using pigeon::Allocation;
using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;
using sql_server::Account;
using sql_server::Server;

class Session final : public sql_server::Connection {
 public:
  // That can be written to.
  static Result<std::unique_ptr<Session>> open(const Account& account, const Server& server,
                                               Deadline deadline);
  // In which no database is chosen yet.
  static Result<std::unique_ptr<Session>> open_bare(const Account& account, const Server& server,
                                                    Deadline deadline);

  // Of a message, that fits into what the server takes in one go.
  [[nodiscard]] std::size_t largest_part() const { return largest_part_; }
  // Of messages, in one statement.
  [[nodiscard]] std::size_t most_together() const { return most_together_; }
  // Makes the database and what is missing in it.
  Done initialize(const Account& account);
  // Nobody else removes this mailbox until the session ends. In a cluster, nobody at the same node.
  Done lock_for_purge(const sql_mailbox::Place& place);
  // Why what was committed might not survive a power failure; empty if it does.
  Result<std::string> doubt();

 private:
  Session() = default;
  Done examine();

  std::size_t largest_part_ = 0;
  std::size_t most_together_ = 0;
};

}  // namespace mda_sql
