// SPDX-License-Identifier: MIT
//
// A connection to an SQLite database, its statements and its transactions; every failure in words.
#pragma once

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

// A prepared statement, bound and stepped. Reset when it is bound anew.
class Statement {
 public:
  Statement(sqlite3* connection, sqlite3_stmt* statement, std::string shown)
      : connection_(connection), statement_(statement), shown_(std::move(shown)) {}

  // Begins anew with these parameters. Texts are copied.
  template <typename... Parameters>
  Statement& with(const Parameters&... parameters) {
    sqlite3_reset(statement_.get());
    int index = 0;
    (bind(++index, parameters), ...);
    return *this;
  }
  // True: there is a row. False: there is none, or no more.
  Result<bool> step();
  // Steps to the end.
  Done run();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
  }
  [[nodiscard]] bool is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }
  [[nodiscard]] int columns() const { return sqlite3_column_count(statement_.get()); }
  [[nodiscard]] std::string column_name(int column) const {
    return sqlite3_column_name(statement_.get(), column);
  }
  // As the table declares it.
  [[nodiscard]] bool column_is_integer(int column) const;

  // Lets go of what the statement reads, so that a transaction can end.
  void reset() { sqlite3_reset(statement_.get()); }

 private:
  void bind(int index, std::int64_t value) { sqlite3_bind_int64(statement_.get(), index, value); }
  void bind(int index, std::string_view value) {
    sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string shown_;
};

class Database {
 public:
  // Opens a database that is there. `shown` is the path in messages.
  static Result<Database> open(const std::string& path);
  // Makes it, if it is not there.
  static Result<Database> create(const std::string& path);

  // From now on, waiting for other connections ends by then.
  void wait_until(Deadline deadline);

  // The statement for this text, prepared once per connection.
  Result<Statement*> prepare(const std::string& sql);
  Done execute(const std::string& sql);
  [[nodiscard]] bool is_read_only() const { return sqlite3_db_readonly(connection_.get(), "main") == 1; }
  [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(connection_.get()); }
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(connection_.get()); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  static Result<Database> connect(const std::string& path, int flags);

  std::string path_;
  std::unique_ptr<sqlite3, Close> connection_;
  // Statements go before their connection.
  std::map<std::string, Statement, std::less<>> statements_;
};

// One state of the database, read or written. Rolled back unless it is committed.
class Transaction {
 public:
  enum class For { reading, writing };
  static Result<Transaction> begin(Database& database, For purpose);

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Durable. A failure may have happened all the same: the log may have reached the disk.
  Done commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// What SQLite said last on this connection.
Failure failure_of(sqlite3* connection, const std::string& tried);

}  // namespace datatree_sqlite
