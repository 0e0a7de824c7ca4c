// SPDX-License-Identifier: MIT
//
// What the tree asks of a database, beside what every plugin does: the few words in which databases differ.
#pragma once

#include <sql-database/connection.hpp>

#include <cstdint>

namespace sql_tree {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;
using sql_database::Statement;
using sql_database::Transaction;

struct Dialect;

class Connection : public virtual sql_database::Connection {
 public:
  [[nodiscard]] virtual const Dialect& dialect() const = 0;
  // Among those who write, one has an object to itself until the transaction ends; false if it is gone.
  virtual Result<bool> claim(std::int64_t object) = 0;
};

}  // namespace sql_tree
