// SPDX-License-Identifier: MIT
//
// Objects with all that belongs to them, in few round trips: one statement gives places and attributes
// together, and a second one the values of multi-valued attributes.
//
// The statement has to name the tables of the classes of what it finds. So it names those that are in use, as
// far as is known on this connection, and is asked once more, with the others, where it finds one of another
// class. Whatever it gives is one state of the database. A key of multi-valued attributes is never used
// twice: values that are gone mean that the object was changed meanwhile, and all is read again.
#pragma once

#include <sql-tree/connection.hpp>
#include <sql-tree/reader.hpp>

#include <pigeon/sdk/datatree.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace datatree_sql {

using pigeon::Done;
using pigeon::Object;
using pigeon::Objects;
using pigeon::Result;
using pigeon::TreePath;

// Part of the children of one level.
struct Part {
  std::string after;
  std::size_t limit;
};

class Slice {
 public:
  // The classes in a list, as `met` below.
  static std::set<std::string> classes_of(const std::string& list);

  // `met`: the classes that are known to be in use, in lower case; it grows.
  Slice(sql_tree::Connection& connection, std::set<std::string>& met, pigeon::Deadline deadline)
      : connection_(connection), met_(met), deadline_(deadline) {}

  // The object, and what is directly below it: nothing, all, or a part. Nothing if it is not there; a failure
  // if that cannot be told.
  Result<std::optional<Objects>> read(const TreePath& path, bool with_children,
                                      const std::optional<Part>& part);
  // What is directly below each of these.
  Result<Objects> below(const std::vector<TreePath>& paths);

 private:
  // An object as it comes: its classes, single values, and the keys of others.
  struct Found {
    std::int64_t order = 0;
    std::int64_t object = 0;
    std::string structural;
    std::vector<std::string> auxiliary;
    std::set<std::string> with_attributes;  // the classes whose tables have a row for it
    pigeon::Attributes attributes;
    std::vector<std::pair<std::int64_t, std::string>> keys;

    [[nodiscard]] bool has_auxiliary(const std::string& name) const {
      return std::find(auxiliary.begin(), auxiliary.end(), name) != auxiliary.end();
    }
  };
  using Place = std::pair<std::string, std::string>;  // cursor, name
  struct Question;

  Result<std::map<Place, Found>> ask(const Question& question);
  Result<bool> ask_once(const Question& question, std::map<Place, Found>& found);
  [[nodiscard]] std::string statement_for(const Question& question) const;
  void take_row(sql_tree::Statement& row, std::map<Place, Found>& found) const;
  Result<bool> add_values(std::map<Place, Found>& found);
  Result<Object> object_of(const Place& place, const Found& found) const;

  sql_tree::Connection& connection_;
  std::set<std::string>& met_;
  pigeon::Deadline deadline_;
};

}  // namespace datatree_sql
