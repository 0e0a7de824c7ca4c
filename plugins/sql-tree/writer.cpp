// SPDX-License-Identifier: MIT
#include "writer.hpp"

#include "layout.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace sql_tree {

Result<std::int64_t> Writer::string_id(const std::string& value) {
  if (const auto known = strings_.find(value); known != strings_.end()) return known->second;
  return strings_[value] = PIGEON_TRY(make_string(value));
}

Result<std::int64_t> Writer::make_string(const std::string& value) {
  const auto& dialect = connection_.dialect();
  const auto find = [&]() -> Result<std::optional<std::int64_t>> {
    auto* select =
        PIGEON_TRY(connection_.prepare("SELECT id FROM strings WHERE " + std::string(dialect.string_is)));
    if (!PIGEON_TRY(select->with(std::string_view(value)).step())) return std::nullopt;
    const auto id = select->integer(0);
    select->reset();
    return id;
  };
  if (const auto id = PIGEON_TRY(find())) return *id;
  auto* insert =
      PIGEON_TRY(connection_.prepare("INSERT INTO strings (value) VALUES (?)" + dialect.or_left("id")));
  if (PIGEON_TRY(insert->with(std::string_view(value)).run()) > 0) return connection_.last_id();
  if (const auto id = PIGEON_TRY(find())) return *id;
  return damaged(connection_, "a string that was put into it is not there");
}

Done Writer::require_class(const std::string& objectclass) {
  const auto table = "class_" + pigeon::fold(objectclass);
  if (classes_.contains(table)) return {};
  auto* statement = PIGEON_TRY(connection_.prepare(std::string(connection_.dialect().table_exists)));
  const bool found =
      pigeon::is_key_string(objectclass) && PIGEON_TRY(statement->with(std::string_view(table)).step());
  statement->reset();
  if (found) classes_.insert(table);
  if (found) return {};
  return pigeon::misconfigured("write the tree " + connection_.shown() + ": it has no class " +
                               pigeon::printable(objectclass))
      .with_remedy("install the plugin that declares the class, then run `pigeonctl init`");
}

Result<bool> Writer::holds(const Precondition& condition, const std::optional<Row>& row,
                           const TreePath& path) {
  if (condition.kind == PIGEON_IF_OBJECT_ABSENT) return !row.has_value();
  if (!row) return false;
  const auto object = PIGEON_TRY(reader_.object(*row, path));
  if (condition.kind == PIGEON_IF_ATTRIBUTE_ABSENT) return !object.attributes.has(condition.name);
  if (condition.kind == PIGEON_IF_ATTRIBUTE_EQUAL)
    return object.attributes.get(condition.name) == condition.value;
  return pigeon::failure(PIGEON_UNSUPPORTED, "a precondition of kind " + std::to_string(condition.kind));
}

Result<bool> Writer::lock_is_held(const Row& row, const std::string& token) {
  auto* statement = PIGEON_TRY(connection_.prepare("SELECT 1 FROM locks WHERE object = ? AND token = ?"));
  const bool held = PIGEON_TRY(statement->with(row.object, std::string_view(token)).step());
  statement->reset();
  return held;
}

Done Writer::add_class(const std::string& objectclass, bool is_structural, Row& row, const TreePath& path) {
  const auto classes = row.classes();
  const auto same = [&](const auto& each) { return pigeon::same_name(each, objectclass); };
  if (std::any_of(classes.begin(), classes.end(), same)) return {};
  PIGEON_TRY(require_class(objectclass));
  const auto place = place_of(path);
  const auto cursor = PIGEON_TRY(string_id(place.cursor));
  const auto name = PIGEON_TRY(string_id(place.name));
  const auto class_name = PIGEON_TRY(string_id(objectclass));
  auto* insert = PIGEON_TRY(connection_.prepare(
      "INSERT INTO tree (\"cursor\", name, class, structural, object) VALUES (?, ?, ?, ?, ?)"));
  PIGEON_TRY(insert->with(cursor, name, class_name, std::int64_t{is_structural ? 1 : 0}, row.object).run());
  auto* attributes =
      PIGEON_TRY(connection_.prepare("INSERT INTO " + class_table(objectclass) + " (object_id) VALUES (?)"));
  PIGEON_TRY(attributes->with(row.object).run());
  if (is_structural) {
    row.structural = objectclass;
  } else {
    row.auxiliary.push_back(objectclass);
  }
  return {};
}

// The multi-valued attributes of an object in this table.
Done Writer::forget_values(const std::string& table, const Row& row) {
  auto* statement = PIGEON_TRY(connection_.prepare("SELECT * FROM " + table + " WHERE object_id = ?"));
  statement->with(row.object);
  if (!PIGEON_TRY(statement->step())) return {};
  for (int column = 1; column < statement->columns(); ++column) {
    if (!statement->column_is_integer(column) || statement->is_null(column)) continue;
    auto* forget = PIGEON_TRY(connection_.prepare(std::string(connection_.dialect().forget_key) + " = ?"));
    PIGEON_TRY(forget->with(statement->integer(column)).run());
  }
  statement->reset();
  return {};
}

Done Writer::remove_class(const std::string& objectclass, Row& row, const TreePath& path) {
  const auto place = place_of(path);
  const auto table = class_table(objectclass);
  PIGEON_TRY(forget_values(table, row));
  auto* attributes = PIGEON_TRY(connection_.prepare("DELETE FROM " + table + " WHERE object_id = ?"));
  PIGEON_TRY(attributes->with(row.object).run());
  const auto id = connection_.dialect().string_id();
  auto* statement = PIGEON_TRY(connection_.prepare("DELETE FROM tree WHERE \"cursor\" = " + id +
                                                   " AND name = " + id + " AND class = " + id));
  PIGEON_TRY(
      statement
          ->with(std::string_view(place.cursor), std::string_view(place.name), std::string_view(objectclass))
          .run());
  std::erase(row.auxiliary, objectclass);
  return {};
}

Result<Applied> Writer::create(const std::string& objectclass, std::optional<Row>& row,
                               const TreePath& path) {
  if (row) return Applied::conflict;
  PIGEON_TRY(require_class(objectclass));
  auto* insert = PIGEON_TRY(connection_.prepare("INSERT INTO objects (id) VALUES (NULL)"));
  PIGEON_TRY(insert->with().run());
  const auto object = PIGEON_TRY(connection_.last_id());
  row = Row{.name = path.name(), .object = object, .structural = {}, .auxiliary = {}};
  PIGEON_TRY(add_class(objectclass, true, *row, path));
  return Applied::yes;
}

Result<Applied> Writer::remove(std::optional<Row>& row, const TreePath& path) {
  if (!row) return Applied::not_there;
  if (path.is_root() || PIGEON_TRY(reader_.has_below(path))) return Applied::conflict;
  for (const auto& objectclass : row->classes()) PIGEON_TRY(remove_class(objectclass, *row, path));
  for (const auto* sql : {"DELETE FROM locks WHERE object = ?", "DELETE FROM objects WHERE id = ?"}) {
    auto* statement = PIGEON_TRY(connection_.prepare(sql));
    PIGEON_TRY(statement->with(row->object).run());
  }
  row.reset();
  return Applied::yes;
}

Done Writer::set(const Row& row, const Change& change, const TreePath& path) {
  const auto column = PIGEON_TRY(reader_.column_of(row, change.name));
  if (!column) {
    return pigeon::misconfigured("write " + path.text() + ": none of its classes (" +
                                 pigeon::join(row.classes(), ", ") + ") has an attribute '" +
                                 pigeon::printable(change.name) + "'")
        .with_remedy("see `pigeonctl schema json` for the attributes of each class");
  }
  if (!column->is_multi && change.values.size() > 1) {
    return pigeon::misconfigured("write " + path.text() + ": attribute '" + change.name +
                                 "' takes one value");
  }
  const auto name = "\"" + change.name + "\"";
  if (!column->is_multi) {
    auto* update = PIGEON_TRY(connection_.prepare("UPDATE " + column->table + " SET " + name +
                                                  " = nullif(?, '') WHERE object_id = ?"));
    PIGEON_TRY(
        update->with(std::string_view(change.values.empty() ? "" : change.values.front()), row.object).run());
    return {};
  }
  auto* old = PIGEON_TRY(connection_.prepare(std::string(connection_.dialect().forget_key) + " = (SELECT " +
                                             name + " FROM " + column->table + " WHERE object_id = ?)"));
  PIGEON_TRY(old->with(row.object).run());
  // A key of its own for every set of values: nothing else ever refers to it.
  auto* update = PIGEON_TRY(connection_.prepare("UPDATE " + column->table + " SET " + name +
                                                " = nullif(?, 0) WHERE object_id = ?"));
  const auto key = change.values.empty() ? 0 : PIGEON_TRY(new_key());
  PIGEON_TRY(update->with(key, row.object).run());
  const std::set<std::string_view> values(change.values.begin(), change.values.end());
  auto* insert = PIGEON_TRY(connection_.prepare("INSERT INTO multivalues (\"key\", value) VALUES (?, ?)"));
  for (const auto& value : values) PIGEON_TRY(insert->with(key, value).run());
  return {};
}

Result<std::int64_t> Writer::new_key() {
  auto* statement = PIGEON_TRY(connection_.prepare(std::string(connection_.dialect().new_key)));
  if (!PIGEON_TRY(statement->with().step())) return connection_.last_id();
  const auto key = statement->integer(0);
  statement->reset();
  return key;
}

Result<Applied> Writer::change(const Change& change, std::optional<Row>& row, const TreePath& path) {
  if (change.kind == PIGEON_CHANGE_CREATE) return create(change.name, row, path);
  if (!row) return Applied::not_there;
  switch (change.kind) {
    case PIGEON_CHANGE_REMOVE:
      return remove(row, path);
    case PIGEON_CHANGE_ADD_CLASS:
      PIGEON_TRY(add_class(change.name, false, *row, path));
      return Applied::yes;
    case PIGEON_CHANGE_REMOVE_CLASS: {
      const auto same = [&](const auto& each) { return pigeon::same_name(each, change.name); };
      const auto found = std::find_if(row->auxiliary.begin(), row->auxiliary.end(), same);
      if (found != row->auxiliary.end()) PIGEON_TRY(remove_class(std::string(*found), *row, path));
      return Applied::yes;
    }
    case PIGEON_CHANGE_SET:
      PIGEON_TRY(set(*row, change, path));
      return Applied::yes;
    default:
      return pigeon::failure(PIGEON_UNSUPPORTED, "a change of kind " + std::to_string(change.kind));
  }
}

Result<std::optional<Row>> Writer::claimed(const TreePath& path, std::optional<Row> row, const Row& parent) {
  // What a creator changes is its parent, which must not be removed meanwhile.
  const auto wanted = row ? row->object : parent.object;
  if (claims_.contains(wanted)) return row;
  const bool is_as_read = PIGEON_TRY(connection_.claim(wanted));
  claims_.insert(wanted);
  if (is_as_read) return row;
  row = PIGEON_TRY(reader_.find(path));
  if (!row || row->object == wanted) return row;
  PIGEON_TRY(connection_.claim(row->object));
  claims_.insert(row->object);
  return reader_.find(path);
}

Result<Applied> Writer::apply(const Update& update) {
  // The parent of what is to be created must be there; where the tree cannot tell, nothing is written.
  const auto above = update.path.is_root() ? update.path : update.path.parent();
  const auto parent = PIGEON_TRY(reader_.find(above));
  if (!parent) return Applied::not_there;
  auto row = update.path.is_root() ? parent : PIGEON_TRY(reader_.find(update.path));
  row = PIGEON_TRY(claimed(update.path, std::move(row), *parent));
  for (const auto& condition : update.preconditions) {
    if (!PIGEON_TRY(holds(condition, row, update.path))) return row ? Applied::conflict : Applied::not_there;
  }
  if (update.token && (!row || !PIGEON_TRY(lock_is_held(*row, *update.token)))) {
    return row ? Applied::conflict : Applied::not_there;
  }
  for (const auto& each : update.changes) {
    const auto changed = PIGEON_TRY(change(each, row, update.path));
    if (changed != Applied::yes) return changed;
  }
  return Applied::yes;
}

}  // namespace sql_tree
