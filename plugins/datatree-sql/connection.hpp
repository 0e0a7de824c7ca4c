// SPDX-License-Identifier: MIT
//
// A connection to a MariaDB server that holds a tree.
#pragma once

#include <sql-server/connection.hpp>
#include <sql-tree/connection.hpp>
#include <sql-tree/dialect.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace datatree_sql {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;
using sql_server::Account;
using sql_server::Server;

class Connection final : public sql_server::Connection, public sql_tree::Connection {
 public:
  // With `is_tree`, the database must hold one; without, no database is chosen yet.
  static Result<std::unique_ptr<Connection>> open(const Account& account, const Server& server, bool is_tree,
                                                  Deadline deadline);

  [[nodiscard]] const sql_tree::Dialect& dialect() const override { return sql_tree::mysql_dialect(); }
  Result<bool> claim(std::int64_t object) override;

  // Everything that was committed before, anywhere in the cluster, is seen by the statements to come; or it
  // need not be.
  Done look_at_all(bool all);
  [[nodiscard]] bool is_copy() const { return is_read_only_; }
  // What was committed elsewhere may not be seen here yet.
  [[nodiscard]] bool may_lag() const { return is_read_only_ || (is_cluster_ && !looks_at_all_); }
  // Those that objects of the tree had when it was opened.
  [[nodiscard]] const std::string& classes() const { return classes_; }

 private:
  Connection() = default;
  Done check_tree();

  std::string classes_;
  bool is_read_only_ = false;
  bool is_cluster_ = false;
  bool looks_at_all_ = false;
};

}  // namespace datatree_sql
