// SPDX-License-Identifier: MIT
//
// The embedded datatree: one local SQLite file, in its own directory, of one user.
#pragma once

#include "database.hpp"

#include <sql-tree/tree.hpp>

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace datatree_sqlite {

class Tree final : public sql_tree::Tree {
 public:
  Tree(std::string path, std::chrono::nanoseconds busy_timeout)
      : path_(std::move(path)), busy_timeout_(busy_timeout) {}
  static Result<std::unique_ptr<Tree>> open(pigeon::Host host, const pigeon::Settings& settings);

  Done initialize(const pigeon_schema& schema, Deadline deadline);
  Done check(Deadline deadline);

 private:
  [[nodiscard]] const sql_tree::Dialect& dialect() const override { return sql_tree::sqlite_dialect(); }
  Result<sql_tree::Connection*> connect(Need need, Deadline deadline) override;
  // A connection that has failed may stay spoilt: where SQLite could not open its log's index for writing
  // once, it reads only, until it is opened again. So the next call connects anew.
  bool recovers(const Failure& failure, sql_database::Retries& made, Deadline deadline) override;

  std::string path_;
  std::chrono::nanoseconds busy_timeout_;
  std::unique_ptr<Database> database_;
};

}  // namespace datatree_sqlite
