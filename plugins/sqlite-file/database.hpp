// SPDX-License-Identifier: MIT
//
// A connection to an SQLite database, its statements and its transactions; every failure in words.
#pragma once

#include <sql-database/connection.hpp>

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace sqlite_file {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

class Statement final : public sql_database::Statement {
 public:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Owned = std::unique_ptr<sqlite3_stmt, Finalize>;

  // tried: what the statement does, for people. what: as in Opening.
  // has_failed: is set when it does.
  Statement(sqlite3* connection, Owned statement, std::string tried, std::string what, bool& has_failed)
      : connection_(connection),
        statement_(std::move(statement)),
        tried_(std::move(tried)),
        what_(std::move(what)),
        has_failed_(has_failed) {}

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
  void bind(int index, sql_database::Bytes value) override {
    const char* bytes = value.bytes.empty() ? "" : value.bytes.data();
    if (sqlite3_bind_blob64(statement_.get(), index + 1, bytes, value.bytes.size(), SQLITE_STATIC) !=
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
  std::string tried_;
  std::string what_;
  bool& has_failed_;
};

// How a database is opened, and what it is to whoever uses it.
struct Opening {
  std::string path;
  std::string shown;  // for people
  std::string what;   // "tree", "mailbox"
  // Also a file that is not there.
  bool creates = false;
  // The path is taken as it is: it may lead through a descriptor of this process.
  bool is_literal = false;
};

class Database : public virtual sql_database::Connection {
 public:
  // From now on, waiting for other connections ends by then.
  void wait_until(Deadline deadline);
  [[nodiscard]] bool is_read_only() const { return sqlite3_db_readonly(connection_.get(), "main") == 1; }
  // From now on the file is kept with a log (WAL), as it says itself from then on. False: with none, still.
  Result<bool> use_log();
  // Whether the path leads to another file by now, or to none.
  [[nodiscard]] bool has_moved() const;
  // Writes the log back to the file, and empties it, unless somebody is in the way.
  void empty_log() noexcept;
  // Whether SQLite has ever failed with it: then it may stay spoilt.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] bool has_changed() const {
    return connection_ != nullptr && sqlite3_total_changes(connection_.get()) > 0;
  }

  // The path, or what was said to be shown.
  [[nodiscard]] const std::string& shown() const override { return shown_; }
  Result<sql_database::Statement*> prepare(const std::string& sql) override;
  Done execute(const std::string& sql) override;
  Result<std::int64_t> last_id() override { return sqlite3_last_insert_rowid(connection_.get()); }
  Done save(const std::string& point) override { return run("SAVEPOINT " + point); }
  Done go_back_to(const std::string& point) override { return run("ROLLBACK TO SAVEPOINT " + point); }
  Done release(const std::string& point) override { return run("RELEASE SAVEPOINT " + point); }
  // The number that a pragma answers.
  Result<std::int64_t> pragma(const std::string& name);

 protected:
  Database() = default;
  Done open(const Opening& opening);
  Done begin(For purpose) override;
  Done commit() override;
  void roll_back() noexcept override;

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  };

  Failure failed(const std::string& verb);
  Done run(const std::string& sql);

  std::string shown_;
  std::string what_;
  bool has_failed_ = false;
  bool is_durable_ = false;  // what is committed
  std::unique_ptr<sqlite3, Close> connection_;
  // Statements go before their connection.
  std::map<std::string, Statement, std::less<>> statements_;
};

}  // namespace sqlite_file
