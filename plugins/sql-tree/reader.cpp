// SPDX-License-Identifier: MIT
#include "reader.hpp"

#include "layout.hpp"

#include <pigeon/sdk/schema.hpp>

#include <algorithm>

namespace sql_tree {
namespace {

constexpr std::size_t kAll = SIZE_MAX;

// Adds a class that a row of the tree's table names.
void add_class(Row& row, const std::string& objectclass, bool is_structural) {
  if (is_structural) {
    row.structural = objectclass;
  } else {
    row.auxiliary.push_back(objectclass);
  }
}

// The tree has them by number. For SQLite to sort them costs more than everything else that it does here.
void sort_classes(Row& row) {
  std::sort(row.auxiliary.begin(), row.auxiliary.end());
}

}  // namespace

Failure damaged(const Connection& connection, const std::string& what) {
  return pigeon::unavailable("read the tree " + connection.shown() + ": " + what)
      .with_remedy(
          "run `pigeonctl init` if a plugin was added or updated; else restore the tree from a backup");
}

Place place_of(const TreePath& path) {
  if (path.is_root()) return {"", ""};
  return {path.parent().text(), path.name()};
}

std::vector<std::string> Row::classes() const {
  auto classes = auxiliary;
  classes.insert(classes.begin(), structural);
  return classes;
}

bool Row::is_whole() const {
  const auto all = classes();
  return std::all_of(all.begin(), all.end(), pigeon::is_key_string);
}

Result<std::optional<Row>> Reader::row_at(const TreePath& path) {
  const auto place = place_of(path);
  const auto id = connection_.dialect().string_id();
  auto* statement = PIGEON_TRY(connection_.prepare(
      "SELECT c.value, t.structural, t.object FROM tree t JOIN strings c ON c.id = t.class "
      "WHERE t.\"cursor\" = " +
      id + " AND t.name = " + id));
  statement->with(std::string_view(place.cursor), std::string_view(place.name));
  std::optional<Row> row;
  while (PIGEON_TRY(statement->step())) {
    if (!row)
      row = Row{.name = place.name, .object = statement->integer(2), .structural = {}, .auxiliary = {}};
    add_class(*row, statement->text(0), statement->integer(1) == 1);
  }
  if (row && !row->is_whole())
    return damaged(connection_, path.text() + " has no class, or one that is none");
  if (row) sort_classes(*row);
  return row;
}

Result<std::optional<Row>> Reader::find(const TreePath& path) {
  if (!is_marked_ || path.is_root()) {
    const auto root = PIGEON_TRY(row_at(TreePath()));
    if (!root || !pigeon::same_name(root->structural, pigeon::tree::kRoot)) {
      return damaged(connection_, "it has no marked root");
    }
    is_marked_ = true;
    if (path.is_root()) return root;
  }
  const auto found = PIGEON_TRY(row_at(path));
  if (found) return found;
  const auto parent = path.parent();
  if (!parent.is_root() && !PIGEON_TRY(row_at(parent))) {
    return pigeon::unavailable("look for " + path.text() + ": " + parent.text() +
                               ", above it, is not there either");
  }
  return std::nullopt;
}

Done Reader::add_attributes(const Row& row, const std::string& objectclass, pigeon::Attributes& to) {
  auto* statement =
      PIGEON_TRY(connection_.prepare("SELECT * FROM " + class_table(objectclass) + " WHERE object_id = ?"));
  statement->with(row.object);
  if (!PIGEON_TRY(statement->step()))
    return damaged(connection_, "the attributes of " + row.name + " are missing");
  for (int column = 1; column < statement->columns(); ++column) {
    if (statement->is_null(column)) continue;
    if (!statement->column_is_integer(column)) {
      to.set(statement->column_name(column), statement->text(column));
      continue;
    }
    auto* values = PIGEON_TRY(connection_.prepare("SELECT value FROM multivalues WHERE \"key\" = ?"));
    values->with(statement->integer(column));
    while (PIGEON_TRY(values->step())) to.add(statement->column_name(column), values->text(0));
  }
  statement->reset();
  return {};
}

Result<Object> Reader::object(const Row& row, const TreePath& path) {
  Object object{.path = path.text(), .objectclass = row.structural, .auxiliary = row.auxiliary};
  for (const auto& objectclass : row.classes())
    PIGEON_TRY(add_attributes(row, objectclass, object.attributes));
  return object;
}

Result<bool> Reader::has_below(const TreePath& path) {
  auto* statement = PIGEON_TRY(connection_.prepare(
      "SELECT 1 FROM tree WHERE \"cursor\" = " + connection_.dialect().string_id() + " LIMIT 1"));
  const bool has = PIGEON_TRY(statement->with(std::string_view(path.text())).step());
  statement->reset();
  return has;
}

Result<std::vector<Row>> Reader::rows_below(const TreePath& path, const std::string& after,
                                            std::size_t limit) {
  const auto id = connection_.dialect().string_id();
  auto* statement = PIGEON_TRY(connection_.prepare(
      "SELECT n.value, c.value, t.structural, t.object FROM tree t JOIN strings n ON n.id = t.name "
      "JOIN strings c ON c.id = t.class WHERE t.\"cursor\" = " +
      id + " AND t.name > ifnull(" + id + ", 0) ORDER BY t.name"));
  statement->with(std::string_view(path.text()), std::string_view(after));
  std::vector<Row> rows;
  while (PIGEON_TRY(statement->step())) {
    const auto name = statement->text(0);
    if (rows.empty() || rows.back().name != name) {
      if (rows.size() == limit) break;
      rows.push_back({.name = name, .object = statement->integer(3), .structural = {}, .auxiliary = {}});
    }
    add_class(rows.back(), statement->text(1), statement->integer(2) == 1);
  }
  statement->reset();
  for (auto& row : rows) {
    sort_classes(row);
    if (!row.is_whole() || !TreePath::is_name(row.name)) {
      return damaged(connection_,
                     "an object below " + path.text() + " has no class or name, or one that is none");
    }
  }
  return rows;
}

Done Reader::add_below(const TreePath& path, unsigned depth, Objects& to) {
  if (depth == 0) return {};
  for (const auto& row : PIGEON_TRY(rows_below(path, "", kAll))) {
    const auto below = path.child(row.name);
    to.push_back(PIGEON_TRY(object(row, below)));
    PIGEON_TRY(add_below(below, depth - 1, to));
  }
  return {};
}

Result<std::optional<Reader::Column>> Reader::column_of(const Row& row, const std::string& attribute) {
  for (const auto& objectclass : row.classes()) {
    auto* statement =
        PIGEON_TRY(connection_.prepare("SELECT * FROM " + class_table(objectclass) + " WHERE object_id = 0"));
    for (int column = 1; column < statement->columns(); ++column) {
      if (!pigeon::same_name(statement->column_name(column), attribute)) continue;
      return Column{class_table(objectclass), statement->column_is_integer(column)};
    }
  }
  return std::nullopt;
}

}  // namespace sql_tree
