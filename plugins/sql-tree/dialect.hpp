// SPDX-License-Identifier: MIT
//
// The words in which SQLite and MariaDB differ. Both take "names" in double quotes, MariaDB because it is
// told to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sql_tree {

struct Dialect {
  std::string_view name;
  // The tables that every tree has, and the mark that a database is one.
  std::string_view own_tables;
  std::string_view object_type;    // of the column of a class's table that says whose attributes these are
  std::string_view text_type;      // of a single-valued attribute
  std::string_view integer_type;   // of a multi-valued one
  std::string_view table_options;  // at the end of a table
  std::string_view add_column;     // what goes between a table and the column that it is to get
  // A condition on a row of `strings`: its value is the parameter, octet by octet.
  std::string_view string_is;
  // Finds, or inserts, a key for multi-valued attributes that no one else has.
  std::string_view new_key;
  // Removes the values of the key that follows " = ".
  std::string_view forget_key;
  // One row if there is a table of this name.
  std::string_view table_exists;
  // Name and type of each column of the table of this name.
  std::string_view columns_of_table;
  // The end of an INSERT that leaves what is there already under the same value of this unique column.
  std::string (*or_left)(std::string_view column);

  // The id of the string in the parameter.
  [[nodiscard]] std::string string_id() const {
    return "(SELECT id FROM strings WHERE " + std::string(string_is) + ")";
  }
};

// In the head of an SQLite tree's file, as own_tables writes it; another database, or an empty file, does not
// have it.
constexpr std::int64_t kApplicationId = 0x50474e54;  // "PGNT"

const Dialect& sqlite_dialect();
const Dialect& mysql_dialect();

}  // namespace sql_tree
