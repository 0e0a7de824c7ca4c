// SPDX-License-Identifier: MIT
//
// The tree's file.
#pragma once

#include <sql-tree/connection.hpp>
#include <sql-tree/dialect.hpp>
#include <sqlite-file/database.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace datatree_sqlite {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

class Database final : public sqlite_file::Database, public sql_tree::Connection {
 public:
  // Opens a database that is there.
  static Result<std::unique_ptr<Database>> open(const std::string& path) { return connect(path, false); }
  // Makes it, if it is not there.
  static Result<std::unique_ptr<Database>> create(const std::string& path) { return connect(path, true); }

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  Database(Database&&) = delete;
  Database& operator=(Database&&) = delete;
  // Every process that comes alone reads the whole log first. So who has written empties it, if nobody else
  // is reading; what cannot be done now, another one will do.
  ~Database() override {
    if (has_changed()) empty_log();
  }

  [[nodiscard]] const sql_tree::Dialect& dialect() const override { return sql_tree::sqlite_dialect(); }
  // Who writes has the whole database to itself.
  Result<bool> claim(std::int64_t /*object*/) override { return true; }

 private:
  Database() = default;
  static Result<std::unique_ptr<Database>> connect(const std::string& path, bool creates) {
    std::unique_ptr<Database> database(new Database);
    PIGEON_TRY(database->sqlite_file::Database::open(
        {.path = path, .shown = path, .what = "tree", .creates = creates}));
    return database;
  }
};

}  // namespace datatree_sqlite
