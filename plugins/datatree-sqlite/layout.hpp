// SPDX-License-Identifier: MIT
//
// How a tree lies in tables: one per objectclass, one special table for multi-valued attributes, one for the
// tree.
//
//   strings      id, value           strings that would repeat: cursors, names, class names
//   tree         cursor, name, class, structural, object
//                                    a row per class of each object; cursor is the path of the level above
//                                    it, object the id of its attributes
//   class_x      object, one column per attribute of class x: TEXT for a single-valued one, INTEGER, the key
//   into
//                multivalues, for a multi-valued one
//   multivalues  key, value
//   locks        object, token
//
// Names of classes and attributes are key strings, so that they can stand in quotes in a statement;
// everything else is a bound parameter. Texts compare as octets.
#pragma once

#include "database.hpp"

#include <pigeon/abi/schema.h>
#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace datatree_sqlite {

// In the file's head; another database, or an empty file, does not have them.
constexpr std::int64_t kApplicationId = 0x50474e54;  // "PGNT"
constexpr std::int64_t kLayoutVersion = 1;

std::string class_table(std::string_view objectclass);

// The statements that make the tables for this schema, for people to read.
std::string schema_as_sql(const pigeon_schema& schema);

// Makes what is missing: tables, columns, the root with its mark. Never drops anything. REQUIRES: a writing
// transaction.
Done make_layout(Database& database, const pigeon_schema& schema);

}  // namespace datatree_sqlite
