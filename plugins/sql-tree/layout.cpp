// SPDX-License-Identifier: MIT
#include "layout.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/random.h>

#include <array>
#include <map>
#include <span>

namespace sql_tree {
namespace {

// Name and type of each column of a class, but for the id.
std::map<std::string, std::string> columns_of(const pigeon_class& declared, const Dialect& dialect) {
  std::map<std::string, std::string> columns;
  for (const auto& each : std::span(declared.attributes, declared.attribute_count)) {
    const bool is_multi = (each.flags & PIGEON_DECLARATION_MULTI) != 0;
    columns[each.name] = is_multi ? dialect.integer_type : dialect.text_type;
  }
  return columns;
}

std::string create_table(const pigeon_class& declared, const Dialect& dialect) {
  std::string sql = "CREATE TABLE IF NOT EXISTS " + class_table(declared.name) + " (\n  object_id " +
                    std::string(dialect.object_type) + " PRIMARY KEY REFERENCES objects (id)";
  for (const auto& [name, type] : columns_of(declared, dialect)) sql += ",\n  \"" + name + "\" " + type;
  return sql + "\n)" + std::string(dialect.table_options) + ";\n";
}

Done add_missing_columns(Connection& connection, const pigeon_class& declared) {
  const auto& dialect = connection.dialect();
  std::map<std::string, std::string, pigeon::NameLess> there;
  auto* statement = PIGEON_TRY(connection.prepare(std::string(dialect.columns_of_table)));
  statement->with(std::string_view("class_" + pigeon::fold(declared.name)));
  while (PIGEON_TRY(statement->step())) there[statement->text(0)] = statement->text(1);
  for (const auto& [name, type] : columns_of(declared, dialect)) {
    const auto found = there.find(name);
    if (found == there.end()) {
      PIGEON_TRY(connection.execute("ALTER TABLE " + class_table(declared.name) + " " +
                                    std::string(dialect.add_column) + " \"" + name + "\" " + type + ";\n"));
    } else if (found->second != type) {
      return pigeon::misconfigured("extend the tree " + connection.shown() + ": attribute " + name +
                                   " of class " + declared.name +
                                   " is declared otherwise than it lies in the tree")
          .with_remedy("export the tree, make a new one with `pigeonctl init`, and import it there");
    }
  }
  return {};
}

}  // namespace

std::string class_table(std::string_view objectclass) {
  return "\"class_" + pigeon::fold(objectclass) + "\"";
}

std::string schema_as_sql(const pigeon_schema& schema, const Dialect& dialect) {
  std::string sql(dialect.own_tables);
  for (const auto* each : std::span(schema.classes, schema.class_count)) sql += create_table(*each, dialect);
  return sql;
}

Result<std::string> print_schema(const pigeon_schema& schema, std::string_view language, const Dialect& own) {
  for (const auto* each : {&sqlite_dialect(), &mysql_dialect()}) {
    if (language == each->name || (language == "sql" && each == &own)) return schema_as_sql(schema, *each);
  }
  return pigeon::failure(PIGEON_UNSUPPORTED,
                         "the schema is printed as sql, in the dialects sqlite and mysql");
}

Done make_tables(Connection& connection, const pigeon_schema& schema) {
  PIGEON_TRY(connection.execute(schema_as_sql(schema, connection.dialect())));
  for (const auto* each : std::span(schema.classes, schema.class_count)) {
    PIGEON_TRY(add_missing_columns(connection, *each));
  }
  return {};
}

Done make_root(Connection& connection) {
  const auto& dialect = connection.dialect();
  auto* marked =
      PIGEON_TRY(connection.prepare("SELECT 1 FROM tree WHERE \"cursor\" = " + dialect.string_id()));
  if (PIGEON_TRY(marked->with(std::string_view()).step())) {
    marked->reset();
    return {};
  }
  auto* string =
      PIGEON_TRY(connection.prepare("INSERT INTO strings (value) VALUES (?)" + dialect.or_left("id")));
  for (const auto* value : {"", pigeon::tree::kRoot}) PIGEON_TRY(string->with(std::string_view(value)).run());
  auto* insert = PIGEON_TRY(connection.prepare("INSERT INTO objects (id) VALUES (NULL)"));
  PIGEON_TRY(insert->with().run());
  const auto object = PIGEON_TRY(connection.last_id());
  auto* row = PIGEON_TRY(connection.prepare(
      "INSERT INTO tree (\"cursor\", name, class, structural, object) VALUES (" + dialect.string_id() + ", " +
      dialect.string_id() + ", " + dialect.string_id() + ", 1, ?)"));
  const std::string_view empty;
  PIGEON_TRY(row->with(empty, empty, std::string_view(pigeon::tree::kRoot), object).run());
  auto* attributes = PIGEON_TRY(connection.prepare("INSERT INTO " + class_table(pigeon::tree::kRoot) +
                                                   " (object_id, tree) VALUES (?, ?)"));
  const auto id = PIGEON_TRY(random_name());
  PIGEON_TRY(attributes->with(object, std::string_view(id)).run());
  return {};
}

Result<std::string> random_name() {
  std::array<unsigned char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return pigeon::system_failure("get random bytes", errno);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name;
  for (const auto byte : bytes) name += {kHex[byte >> 4U], kHex[byte & 15U]};
  return name;
}

}  // namespace sql_tree
