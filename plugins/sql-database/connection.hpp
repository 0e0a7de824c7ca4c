// SPDX-License-Identifier: MIT
//
// What plugins ask of a database, whichever it is: statements and transactions.
#pragma once

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sql_database {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

// Octets of any value, for a column that holds such.
struct Bytes {
  std::string_view bytes;
};

// A prepared statement, bound and stepped.
class Statement {
 public:
  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement(Statement&&) = delete;
  Statement& operator=(Statement&&) = delete;
  virtual ~Statement() = default;

  // Begins anew with these parameters. Texts are copied; bytes are lent until the statement is run or reset.
  template <typename... Parameters>
  Statement& with(const Parameters&... parameters) {
    reset();
    int index = 0;
    (bind(index++, parameters), ...);
    return *this;
  }
  // For statements whose parameters are not known beforehand: counted from 0, after a reset.
  virtual void bind(int index, std::int64_t value) = 0;
  virtual void bind(int index, std::string_view value) = 0;
  virtual void bind(int index, Bytes value) = 0;
  // Lets go of what the statement reads, so that a transaction can end.
  virtual void reset() = 0;

  // True: there is a row. False: there is none, or no more.
  virtual Result<bool> step() = 0;
  // Steps to the end; answers how many rows were changed.
  virtual Result<std::int64_t> run() = 0;

  // Octets too, of whatever value.
  [[nodiscard]] virtual std::string text(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual int columns() const = 0;
  [[nodiscard]] virtual std::string column_name(int column) const = 0;
  // As the table declares it.
  [[nodiscard]] virtual bool column_is_integer(int column) const = 0;
};

class Connection {
 public:
  // series: writing, and the next that is begun is likely to be another such.
  enum class For { reading, writing, series };

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;
  virtual ~Connection() = default;

  // For people: "/var/lib/pigeon/tree.db", "pigeon on db.example.com".
  [[nodiscard]] virtual const std::string& shown() const = 0;
  // The statement for this text, prepared once per connection.
  virtual Result<Statement*> prepare(const std::string& sql) = 0;
  // Statements without parameters, separated by ";\n".
  virtual Done execute(const std::string& sql) = 0;
  // Of the row that was inserted last.
  virtual Result<std::int64_t> last_id() = 0;
  // In a transaction: a point that can be gone back to, until it is released, or another of its name is set.
  virtual Done save(const std::string& point) { return execute("SAVEPOINT " + point + ";\n"); }
  virtual Done go_back_to(const std::string& point) {
    return execute("ROLLBACK TO SAVEPOINT " + point + ";\n");
  }
  // A server forgets the older of two points of one name by itself.
  virtual Done release(const std::string& /*point*/) { return {}; }

 protected:
  friend class Transaction;
  virtual Done begin(For purpose) = 0;
  // Durable. A failure may have happened all the same, and then says so.
  virtual Done commit() = 0;
  // By a statement that ends with COMMIT, where the database takes such.
  virtual Done commit_by(Statement& last) {
    const auto done = last.run();
    return done ? Done() : Done(done.failure());
  }
  virtual void roll_back() noexcept = 0;
};

// One state of the database, read or written. Rolled back unless it is committed.
class Transaction {
 public:
  using For = Connection::For;
  static Result<Transaction> begin(Connection& connection, For purpose) {
    PIGEON_TRY(connection.begin(purpose));
    return Transaction(connection);
  }

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() {
    if (connection_ != nullptr) connection_->roll_back();
  }

  Done commit() { return ended(connection_->commit()); }
  Done commit_by(Statement& last) { return ended(connection_->commit_by(last)); }

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Done ended(Done committed) {
    if (committed) connection_ = nullptr;
    return committed;
  }
  Connection* connection_;
};

}  // namespace sql_database
