// SPDX-License-Identifier: MIT
//
// Changes of one object, with their preconditions, within one transaction.
#pragma once

#include "reader.hpp"

#include <pigeon/sdk/datatree.hpp>

#include <cstdint>
#include <string>

namespace datatree_sqlite {

using pigeon::Applied;
using pigeon::Change;
using pigeon::Precondition;
using pigeon::Update;

// REQUIRES: a writing transaction, which the caller commits if the answer is yes, and rolls back otherwise.
class Writer {
 public:
  explicit Writer(Database& database) : database_(database), reader_(database) {}

  Result<Applied> apply(const Update& update);

 private:
  Result<bool> holds(const Precondition& condition, const std::optional<Row>& row, const TreePath& path);
  Result<bool> lock_is_held(const Row& row, const std::string& token);
  Result<Applied> change(const Change& change, std::optional<Row>& row, const TreePath& path);
  Result<Applied> create(const std::string& objectclass, std::optional<Row>& row, const TreePath& path);
  Result<Applied> remove(std::optional<Row>& row, const TreePath& path);
  Done add_class(const std::string& objectclass, bool is_structural, Row& row, const TreePath& path);
  Done remove_class(const std::string& objectclass, Row& row, const TreePath& path);
  Done set(const Row& row, const Change& change, const TreePath& path);
  Done forget_values(const std::string& table, const Row& row);
  Result<std::int64_t> string_id(const std::string& value);
  // As the schema spells it; a failure if the tree has no such class.
  Done require_class(const std::string& objectclass);

  Database& database_;
  Reader reader_;
};

}  // namespace datatree_sqlite
