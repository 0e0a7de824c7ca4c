// SPDX-License-Identifier: MIT
#include "layout.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <map>
#include <span>
#include <vector>

namespace datatree_sqlite {
namespace {

constexpr const char* kOwnTables = R"(CREATE TABLE IF NOT EXISTS strings (
  id INTEGER PRIMARY KEY,
  value TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS objects (
  id INTEGER PRIMARY KEY AUTOINCREMENT
);
CREATE TABLE IF NOT EXISTS tree (
  cursor INTEGER NOT NULL REFERENCES strings (id),
  name INTEGER NOT NULL REFERENCES strings (id),
  class INTEGER NOT NULL REFERENCES strings (id),
  structural INTEGER NOT NULL,
  object INTEGER NOT NULL REFERENCES objects (id),
  PRIMARY KEY (cursor, name, class)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS one_structural_class ON tree (cursor, name) WHERE structural = 1;
CREATE TABLE IF NOT EXISTS multivalues (
  key INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (key, value)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS locks (
  object INTEGER PRIMARY KEY REFERENCES objects (id),
  token TEXT NOT NULL
);
)";

// Name and type of each column of a class, but for the id.
std::map<std::string, std::string> columns_of(const pigeon_class& declared) {
  std::map<std::string, std::string> columns;
  const auto add = [&](std::span<const pigeon_declaration> attributes) {
    for (const auto& each : attributes) {
      columns[each.name] = (each.flags & PIGEON_DECLARATION_MULTI) != 0 ? "INTEGER" : "TEXT";
    }
  };
  add(std::span(declared.attributes, declared.attribute_count));
  return columns;
}

std::string create_table(const pigeon_class& declared) {
  std::string sql = "CREATE TABLE IF NOT EXISTS " + class_table(declared.name) +
                    " (\n  object_id INTEGER PRIMARY KEY REFERENCES objects (id)";
  for (const auto& [name, type] : columns_of(declared)) sql += ",\n  \"" + name + "\" " + type;
  return sql + "\n);\n";
}

Done add_missing_columns(Database& database, const pigeon_class& declared) {
  std::map<std::string, std::string, pigeon::NameLess> there;
  auto* statement = PIGEON_TRY(database.prepare("SELECT name, type FROM pragma_table_info(?1)"));
  statement->with("class_" + pigeon::fold(declared.name));
  while (PIGEON_TRY(statement->step())) there[statement->text(0)] = statement->text(1);
  for (const auto& [name, type] : columns_of(declared)) {
    const auto found = there.find(name);
    if (found == there.end()) {
      PIGEON_TRY(database.execute("ALTER TABLE " + class_table(declared.name) + " ADD COLUMN \"" + name +
                                  "\" " + type));
    } else if (found->second != type) {
      return pigeon::misconfigured("extend the tree " + database.path() + ": attribute " + name +
                                   " of class " + declared.name +
                                   " is declared otherwise than it lies in the tree")
          .with_remedy("export the tree, make a new one with `pigeonctl init`, and import it there");
    }
  }
  return {};
}

Result<std::string> random_name() {
  std::array<unsigned char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return pigeon::temporary("get random bytes");
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name;
  for (const auto byte : bytes) name += {kHex[byte >> 4U], kHex[byte & 15U]};
  return name;
}

Done make_root(Database& database) {
  auto* marked = PIGEON_TRY(
      database.prepare("SELECT 1 FROM tree WHERE cursor = (SELECT id FROM strings WHERE value = '')"));
  if (PIGEON_TRY(marked->with().step())) {
    marked->reset();
    return {};
  }
  const auto id = PIGEON_TRY(random_name());
  for (const auto* value : {"", pigeon::tree::kRoot}) {
    auto* insert = PIGEON_TRY(database.prepare("INSERT OR IGNORE INTO strings (value) VALUES (?1)"));
    PIGEON_TRY(insert->with(std::string_view(value)).run());
  }
  PIGEON_TRY(database.execute("INSERT INTO objects DEFAULT VALUES"));
  const auto object = database.last_row();
  auto* row = PIGEON_TRY(database.prepare(
      "INSERT INTO tree SELECT e.id, e.id, c.id, 1, ?1 FROM strings e, strings c WHERE e.value = '' AND "
      "c.value = ?2"));
  PIGEON_TRY(row->with(object, std::string_view(pigeon::tree::kRoot)).run());
  auto* attributes = PIGEON_TRY(database.prepare("INSERT INTO " + class_table(pigeon::tree::kRoot) +
                                                 " (object_id, tree) VALUES (?1, ?2)"));
  return attributes->with(object, std::string_view(id)).run();
}

}  // namespace

std::string class_table(std::string_view objectclass) {
  return "\"class_" + pigeon::fold(objectclass) + "\"";
}

std::string schema_as_sql(const pigeon_schema& schema) {
  std::string sql = "PRAGMA application_id = " + std::to_string(kApplicationId) + ";\n" +
                    "PRAGMA user_version = " + std::to_string(kLayoutVersion) + ";\n" + kOwnTables;
  for (const auto* each : std::span(schema.classes, schema.class_count)) sql += create_table(*each);
  return sql;
}

Done make_layout(Database& database, const pigeon_schema& schema) {
  PIGEON_TRY(database.execute(schema_as_sql(schema)));
  for (const auto* each : std::span(schema.classes, schema.class_count)) {
    PIGEON_TRY(add_missing_columns(database, *each));
  }
  return make_root(database);
}

}  // namespace datatree_sqlite
