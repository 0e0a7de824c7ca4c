// SPDX-License-Identifier: MIT
//
// How a tree lies in tables: one per objectclass, one special table for multi-valued attributes, one for the
// tree.
//
//   strings      id, value           strings that would repeat: cursors, names, class names
//   objects      id                  one row per object
//   tree         cursor, name, class, structural, object
//                                    a row per class of each object; cursor is the path of the level above
//                                    it, object the id of its attributes
//   class_x      object_id, one column per attribute of class x: text for a single-valued one, an integer,
//                                    the key into multivalues, for a multi-valued one
//   multivalues  key, value
//   locks        object, token
//
// Names of classes and attributes are key strings, so that they can stand in quotes in a statement;
// everything else is a bound parameter. Texts compare as octets. The parameters are written "?": each is
// bound once, in their order.
#pragma once

#include "connection.hpp"
#include "dialect.hpp"

#include <pigeon/abi/schema.h>
#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sql_tree {

constexpr std::int64_t kLayoutVersion = 1;

std::string class_table(std::string_view objectclass);

// The statements that make the tables for this schema.
std::string schema_as_sql(const pigeon_schema& schema, const Dialect& dialect);
// In the dialect of this name; "sql" is the tree's own.
Result<std::string> print_schema(const pigeon_schema& schema, std::string_view language, const Dialect& own);

// Makes what is missing: tables and columns. Never drops anything.
Done make_tables(Connection& connection, const pigeon_schema& schema);
// The root with its mark, if there is none. REQUIRES: a writing transaction.
Done make_root(Connection& connection);

// As many random bytes as name a tree or a lock once and for all, in hexadecimal.
Result<std::string> random_name();

}  // namespace sql_tree
