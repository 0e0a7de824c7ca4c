// SPDX-License-Identifier: MIT
#include "mailboxes.hpp"

#include <mailbox-rules/limits.hpp>
#include <sql-mailbox/declarations.hpp>
#include <sql-server/settings.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kPreferences = {
    mailbox_rules::kQuotaBytes,
    mailbox_rules::kQuotaMessages,
    mailbox_rules::kOverQuota,
    mailbox_rules::kCreateFolders,
    pigeon::text_of("table", "a request: the table of the user's own that his mail is to be kept in", nullptr,
                    PIGEON_DECLARATION_ALLOCATION),
};
constexpr std::array kAllocated = {
    pigeon::text_of("mailbox", "what the mailbox is called in the table of mailboxes", nullptr,
                    PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
    pigeon::text_of("table", "the table of the user's own that his mail is kept in, if he has one", nullptr,
                    PIGEON_DECLARATION_ALLOCATION),
};
constexpr pigeon_class kPreferenceClass =
    pigeon::auxiliary("mda-sql", "a mailStore object that wants its mail in MariaDB", kPreferences);
constexpr pigeon_class kAllocationClass =
    pigeon::auxiliary("mda-sqlAllocation", "a user, or a domain, that has a mailbox in MariaDB", kAllocated);
constexpr std::array kClasses = {&kPreferenceClass, &kAllocationClass};

constexpr std::array kSettings = {
    sql_server::kHosts,
    pigeon::text_of("database", "the database that holds mailboxes, and nothing else", "pigeonmail"),
    sql_server::kUser,
    sql_server::kPassword,
    sql_server::kTls,
    sql_server::kTlsAuthorities,
    sql_server::kTlsCertificate,
    sql_server::kTlsKey,
    sql_server::kConnectTimeout,
    sql_server::kAnswerTimeout,
    pigeon::choice_of(
        "layout", "table-per-user|shared",
        "whether a new mailbox gets a table of its own, or its messages stand in one that all share",
        "table-per-user"),
    sql_mailbox::kIndexFields,
};

constexpr pigeon::About kAbout = {.name = "mda-sql",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "stores mail in MariaDB",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MDA(mda_sql::Mailboxes, kAbout);
