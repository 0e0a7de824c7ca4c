// SPDX-License-Identifier: MIT
//
// A connection to a MariaDB server by MySQL Connector/C++; every failure in words, and what may help against
// it.
#pragma once

#include "server.hpp"

#include <sql-database/connection.hpp>

#include <cppconn/connection.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sql_server {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

class Connection;

class Statement final : public sql_database::Statement {
 public:
  Statement(Connection& connection, std::unique_ptr<sql::PreparedStatement> statement);

  void bind(int index, std::int64_t value) override;
  void bind(int index, std::string_view value) override;
  void bind(int index, sql_database::Bytes value) override { bind(index, value.bytes); }
  void reset() override { rows_.reset(), is_executed_ = false; }
  Result<bool> step() override;
  Result<std::int64_t> run() override;

  [[nodiscard]] std::string text(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] bool is_null(int column) const override;
  [[nodiscard]] int columns() const override { return static_cast<int>(columns_.size()); }
  [[nodiscard]] std::string column_name(int column) const override { return at(column).name; }
  [[nodiscard]] bool column_is_integer(int column) const override { return at(column).is_integer; }

 private:
  struct Column {
    std::string name;
    bool is_integer;
  };
  [[nodiscard]] const Column& at(int column) const { return columns_.at(static_cast<std::size_t>(column)); }

  Connection& connection_;
  std::unique_ptr<sql::PreparedStatement> statement_;
  std::unique_ptr<sql::ResultSet> rows_;
  std::vector<Column> columns_;
  std::int64_t changed_ = 0;
  bool is_executed_ = false;
};

// What a connection is opened for.
struct Purpose {
  std::string tried;     // for people: "ask the tree"
  std::string database;  // that is chosen; empty: none yet
  std::string session;   // more variables of the session, as in SET: "tx_isolation = 'READ-COMMITTED'"
};

class Connection : public virtual sql_database::Connection {
 public:
  // What may help against the last failure: nothing; the same again, on this connection; or another
  // connection.
  enum class Course { none, again, elsewhere };

  [[nodiscard]] const std::string& shown() const override { return shown_; }
  Result<sql_database::Statement*> prepare(const std::string& sql) override;
  Done execute(const std::string& sql) override;
  Result<std::int64_t> last_id() override;

  // From now on, no statement is begun after that. Whether the answers that are waited for can be, too: a
  // connection waits for each as long as it was told when it was opened.
  [[nodiscard]] bool can_wait_until(Deadline deadline);
  [[nodiscard]] Course course() const { return course_; }
  // Between calls: a server prepares so many statements for all its clients together, and not more.
  void forget_statements_beyond(std::size_t most) {
    if (statements_.size() > most) statements_.clear();
  }

  // Runs a call of Connector/C++; what it throws is the answer.
  template <typename Call>
  auto attempt(Call&& call) -> Result<decltype(call())>;

 protected:
  Connection() = default;
  // Encrypted, if the account wants that.
  Done connect(const Account& account, const Server& server, const Purpose& purpose, Deadline deadline);
  // The first row that a statement without parameters gives, column by column; nothing if there is none.
  Result<std::vector<std::string>> first_row(const std::string& sql);
  Done begin(For purpose) override;
  Done commit() override;
  Done commit_by(sql_database::Statement& last) override;
  void roll_back() noexcept override;

 private:
  Done check_encryption();
  Done check_time();
  Failure failed();

  std::string plugin_;
  std::string shown_;
  std::string tried_;
  Deadline deadline_;
  std::chrono::seconds patience_{};
  bool is_writing_ = false;
  // Whether the server begins a transaction with the first statement where there is none: so the next of a
  // series takes none to begin. Until that one there is none, and nothing is held.
  bool begins_by_itself_ = false;
  Course course_ = Course::none;
  std::unique_ptr<sql::Connection> connection_;
  // Statements go before their connection.
  std::map<std::string, Statement, std::less<>> statements_;
};

}  // namespace sql_server
