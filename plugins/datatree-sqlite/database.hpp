// SPDX-License-Identifier: MIT
//
// A connection to an SQLite database, its statements and its transactions; every failure in words.
#pragma once

#include <sql-tree/connection.hpp>
#include <sql-tree/dialect.hpp>

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace datatree_sqlite {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

class Statement final : public sql_tree::Statement {
 public:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Owned = std::unique_ptr<sqlite3_stmt, Finalize>;

  Statement(sqlite3* connection, Owned statement, std::string shown)
      : connection_(connection), statement_(std::move(statement)), shown_(std::move(shown)) {}

  void bind(int index, std::int64_t value) override {
    sqlite3_bind_int64(statement_.get(), index + 1, value);
  }
  void bind(int index, std::string_view value) override {
    // SQLite takes no text where no text is pointed to.
    const char* text = value.empty() ? "" : value.data();
    // What could not be bound would be NULL, which nothing equals: "not there".
    if (sqlite3_bind_text64(statement_.get(), index + 1, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) !=
        SQLITE_OK)
      throw std::bad_alloc();
  }
  void reset() override { sqlite3_reset(statement_.get()); }
  Result<bool> step() override;
  Result<std::int64_t> run() override;

  [[nodiscard]] std::string text(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_.get(), column);
  }
  [[nodiscard]] bool is_null(int column) const override {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }
  [[nodiscard]] int columns() const override { return sqlite3_column_count(statement_.get()); }
  [[nodiscard]] std::string column_name(int column) const override {
    const char* name = given(sqlite3_column_name(statement_.get(), column));
    return name == nullptr ? std::string() : name;
  }
  [[nodiscard]] bool column_is_integer(int column) const override;

 private:
  // SQLite gives no text if it has no memory for it, too.
  [[nodiscard]] const char* given(const char* text) const {
    if (text == nullptr && sqlite3_errcode(connection_) == SQLITE_NOMEM) throw std::bad_alloc();
    return text;
  }
  sqlite3* connection_;
  Owned statement_;
  std::string shown_;
};

class Database final : public sql_tree::Connection {
 public:
  // Opens a database that is there.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  // Makes it, if it is not there.
  static Result<std::unique_ptr<Database>> create(const std::string& path);

  // From now on, waiting for other connections ends by then.
  void wait_until(Deadline deadline);
  [[nodiscard]] bool is_read_only() const { return sqlite3_db_readonly(connection_.get(), "main") == 1; }

  [[nodiscard]] const sql_tree::Dialect& dialect() const override { return sql_tree::sqlite_dialect(); }
  // The path.
  [[nodiscard]] const std::string& shown() const override { return path_; }
  Result<sql_tree::Statement*> prepare(const std::string& sql) override;
  Done execute(const std::string& sql) override;
  Result<std::int64_t> last_id() override { return sqlite3_last_insert_rowid(connection_.get()); }
  // Who writes has the whole database to itself.
  Result<bool> claim(std::int64_t /*object*/) override { return true; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit Database(std::string path) : path_(std::move(path)) {}
  static Result<std::unique_ptr<Database>> connect(const std::string& path, int flags);
  Done begin(For purpose) override;
  Done commit() override;
  void roll_back() noexcept override;

  std::string path_;
  std::unique_ptr<sqlite3, Close> connection_;
  // Statements go before their connection.
  std::map<std::string, Statement, std::less<>> statements_;
};

// What SQLite said last on this connection.
Failure failure_of(sqlite3* connection, const std::string& tried);

}  // namespace datatree_sqlite
