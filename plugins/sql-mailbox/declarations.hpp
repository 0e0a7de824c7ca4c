// SPDX-License-Identifier: MIT
//
// What can be set about mailboxes in a database, beside what can be about every mailbox.
#pragma once

#include <pigeon/sdk/schema.hpp>

namespace sql_mailbox {

constexpr pigeon_declaration kIndexFields = pigeon::boolean_of(
    "indexFields",
    "whether common header fields of new messages are kept in a table of their own, to look for", "FALSE");

}  // namespace sql_mailbox
