// SPDX-License-Identifier: MIT
//
// The tree in MariaDB: on one server, on several of which the first that answers is asked, or in a Galera
// cluster.
#pragma once

#include "connection.hpp"

#include <sql-server/servers.hpp>
#include <sql-tree/tree.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace datatree_sql {

class Tree final : public sql_tree::Tree {
 public:
  Tree(pigeon::Host host, Account account) : servers_(host, std::move(account)) {}
  static Result<std::unique_ptr<Tree>> open(pigeon::Host host, const pigeon::Settings& settings);

  Done initialize(const pigeon_schema& schema, Deadline deadline);
  Done check(Deadline deadline);

 private:
  [[nodiscard]] const sql_tree::Dialect& dialect() const override { return sql_tree::mysql_dialect(); }
  Result<sql_tree::Connection*> connect(Need need, Deadline deadline) override;
  [[nodiscard]] bool has_read_copy() const override { return !connection_ || connection_->may_lag(); }
  bool recovers(const Failure& failure, sql_database::Retries& made, Deadline deadline) override;
  Result<std::optional<pigeon::Objects>> read(sql_tree::Connection& connection,
                                              const pigeon::Fetch& request) override;
  Result<std::optional<pigeon::Objects>> read(sql_tree::Connection& connection,
                                              const pigeon::Page& request) override;
  // The first of all servers, from the one that answered last, to which this can be said.
  Result<std::unique_ptr<Connection>> open_one(Need need, bool is_tree, Deadline deadline);
  void let_go();

  sql_server::Servers servers_;
  std::unique_ptr<Connection> connection_;
  std::set<std::string> met_;  // classes, on this connection
  bool trusts_classes_ = true;
};

}  // namespace datatree_sql
