// SPDX-License-Identifier: MIT
//
// What a mailbox is called in the database, and where that stands in an allocation. Names of users become
// names of tables here and nowhere else.
#pragma once

#include <sql-mailbox/mailbox.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <string>
#include <string_view>

namespace mda_sql {

// "alice@example.com"; "@example.com" for a domain's catch-all. It is a value of a column, never a part of a
// statement.
pigeon::Result<std::string> mailbox_name(const pigeon::Principal& principal);

// The user's own table: "mail_alice_40example_2ecom". Letters and digits stand for themselves, in lower case;
// any other octet is "_" and two hexadecimal digits, so that no two mailboxes share a table. Where that is
// too long for a table, the end is a digest of the whole, and two that share one are refused by the database.
std::string table_name(std::string_view mailbox);

// A name as table_name makes them, or as an administrator asks for: "mail_", then lower-case letters, digits
// and "_"; no longer than a table's can be. No other table of ours has such a name.
bool is_table_name(std::string_view name);

// Where the allocation says that its mailbox is; it may have been tampered with. shown: the database.
pigeon::Result<sql_mailbox::Place> place_of(const pigeon::Allocation& allocation, const std::string& shown);

}  // namespace mda_sql
