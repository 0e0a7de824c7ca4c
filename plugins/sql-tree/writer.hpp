// SPDX-License-Identifier: MIT
//
// Changes of one object, with their preconditions, within one transaction.
#pragma once

#include "reader.hpp"

#include <pigeon/sdk/datatree.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace sql_tree {

using pigeon::Applied;
using pigeon::Change;
using pigeon::Precondition;
using pigeon::Update;

// REQUIRES: one writing transaction, as long as it lives, which the caller commits if every answer is yes,
// and rolls back otherwise.
class Writer {
 public:
  explicit Writer(Connection& connection) : connection_(connection), reader_(connection) {}

  Result<Applied> apply(const Update& update);

 private:
  // The object's row as nobody else can change it any more, or the parent's if there is none yet.
  Result<std::optional<Row>> claimed(const TreePath& path, std::optional<Row> row, const Row& parent);
  Result<bool> holds(const Precondition& condition, const std::optional<Row>& row, const TreePath& path);
  Result<bool> lock_is_held(const Row& row, const std::string& token);
  Result<Applied> change(const Change& change, std::optional<Row>& row, const TreePath& path);
  Result<Applied> create(const std::string& objectclass, std::optional<Row>& row, const TreePath& path);
  Result<Applied> remove(std::optional<Row>& row, const TreePath& path);
  Done add_class(const std::string& objectclass, bool is_structural, Row& row, const TreePath& path);
  Done remove_class(const std::string& objectclass, Row& row, const TreePath& path);
  Done set(const Row& row, const Change& change, const TreePath& path);
  Done forget_values(const std::string& table, const Row& row);
  Result<std::int64_t> new_key();
  Result<std::int64_t> make_string(const std::string& value);
  Result<std::int64_t> string_id(const std::string& value);
  // As the schema spells it; a failure if the tree has no such class.
  Done require_class(const std::string& objectclass);

  Connection& connection_;
  Reader reader_;
  // What is so until the transaction ends.
  std::set<std::int64_t> claims_;
  std::set<std::string> classes_;
  std::map<std::string, std::int64_t> strings_;
};

}  // namespace sql_tree
