// SPDX-License-Identifier: MIT
//
// What can be set about every mailbox in a database.
#pragma once

#include <pigeon/sdk/schema.hpp>

namespace sql_mailbox {

constexpr pigeon_declaration kQuotaBytes =
    pigeon::size_of("quotaBytes", "how much mail the mailbox may hold");
constexpr pigeon_declaration kQuotaMessages =
    pigeon::integer_of("quotaMessages", "how many messages the mailbox may hold");
constexpr pigeon_declaration kOverQuota =
    pigeon::choice_of("overQuota", "defer|reject", "what happens to a message that is too much", "defer");
constexpr pigeon_declaration kCreateFolders =
    pigeon::boolean_of("createFolders", "whether a folder that is asked for is made", "FALSE");
constexpr pigeon_declaration kIndexFields = pigeon::boolean_of(
    "indexFields",
    "whether common header fields of new messages are kept in a table of their own, to look for", "FALSE");

}  // namespace sql_mailbox
