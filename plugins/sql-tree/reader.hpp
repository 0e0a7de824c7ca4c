// SPDX-License-Identifier: MIT
//
// Objects, read from the tables within one transaction.
#pragma once

#include "connection.hpp"

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sql_tree {

using pigeon::Object;
using pigeon::Objects;
using pigeon::TreePath;

// Where an object stands in the tree's table.
struct Place {
  std::string cursor;
  std::string name;
};
Place place_of(const TreePath& path);

// What was read cannot be a tree: nothing is concluded from it.
Failure damaged(const Connection& connection, const std::string& what);

// An object without its attributes' values: which tables they are in.
struct Row {
  std::string name;
  std::int64_t object = 0;
  std::string structural;
  std::vector<std::string> auxiliary;

  [[nodiscard]] std::vector<std::string> classes() const;
  // A class names a table: what cannot be the name of one is damage, or somebody's attempt at another query.
  [[nodiscard]] bool is_whole() const;
};

// REQUIRES, of all: one transaction, as long as it lives.
class Reader {
 public:
  explicit Reader(Connection& connection) : connection_(connection) {}

  // Nothing if there is none. A failure if it cannot be told: the root is not marked as ours, or the parent
  // is not there, so that the absence of what is below it proves nothing.
  Result<std::optional<Row>> find(const TreePath& path);

  Result<Object> object(const Row& row, const TreePath& path);
  Result<bool> has_below(const TreePath& path);
  // What is directly below `path`, at most `limit`, after the name `after`.
  Result<std::vector<Row>> rows_below(const TreePath& path, const std::string& after, std::size_t limit);
  // All objects below, parents first.
  Done add_below(const TreePath& path, unsigned depth, Objects& to);

  // The table of the class that declares this attribute, among those of the row; and whether it is
  // multi-valued.
  struct Column {
    std::string table;
    bool is_multi;
  };
  Result<std::optional<Column>> column_of(const Row& row, const std::string& attribute);

 private:
  Result<std::optional<Row>> row_at(const TreePath& path);
  Done add_attributes(const Row& row, const std::string& objectclass, pigeon::Attributes& to);

  Connection& connection_;
  bool is_marked_ = false;  // the root, as was seen
};

}  // namespace sql_tree
