// SPDX-License-Identifier: MIT
#include "mailboxes.hpp"

#include <mailbox-rules/limits.hpp>
#include <sql-mailbox/declarations.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kPreferences = {
    mailbox_rules::kQuotaBytes,
    mailbox_rules::kQuotaMessages,
    mailbox_rules::kOverQuota,
    mailbox_rules::kCreateFolders,
    pigeon::text_of("home", "a request: the directory, below the base, that the user's file is to be made in",
                    nullptr, PIGEON_DECLARATION_ALLOCATION),
};
constexpr std::array kAllocated = {
    pigeon::text_of("home", "the directory, below the base, that the user's file is in", nullptr,
                    PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
};
constexpr pigeon_class kPreferenceClass =
    pigeon::auxiliary("mda-sqlite", "a mailStore object that wants its mail in an SQLite file", kPreferences);
constexpr pigeon_class kAllocationClass = pigeon::auxiliary(
    "mda-sqliteAllocation", "a user, or a domain, that has a mailbox in an SQLite file", kAllocated);
constexpr std::array kClasses = {&kPreferenceClass, &kAllocationClass};

constexpr std::array kSettings = {
    pigeon::path_of("base", "the directory that all mailboxes are below, on a local file system",
                    PIGEON_DECLARATION_MANDATORY),
    pigeon::text_of("home", "where a new mailbox goes: {domain}, {user}, {hash1} to {hash4}",
                    "{domain}/{user}"),
    pigeon::time_of("busyTimeout", "how long to wait for another process that has locked a mailbox", "30s"),
    sql_mailbox::kIndexFields,
};

constexpr pigeon::About kAbout = {.name = "mda-sqlite",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "stores mail in SQLite files, one for each user",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MDA(mda_sqlite::Mailboxes, kAbout);
