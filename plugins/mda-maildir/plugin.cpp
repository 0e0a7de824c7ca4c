// SPDX-License-Identifier: MIT
#include "maildir.hpp"

#include <mailbox-rules/limits.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kPreferences = {
    mailbox_rules::kQuotaBytes,
    mailbox_rules::kQuotaMessages,
    mailbox_rules::kOverQuota,
    mailbox_rules::kCreateFolders,
    pigeon::text_of("home",
                    "a request: the directory, below the base, that the user's Maildir is to be made in",
                    nullptr, PIGEON_DECLARATION_ALLOCATION),
};
constexpr std::array kAllocated = {
    pigeon::text_of("home", "the directory, below the base, that the user's Maildir is in", nullptr,
                    PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
};
constexpr pigeon_class kPreferenceClass =
    pigeon::auxiliary("mda-maildir", "a mailStore object that wants its mail in a Maildir", kPreferences);
constexpr pigeon_class kAllocationClass =
    pigeon::auxiliary("mda-maildirAllocation", "a user, or a domain, that has a Maildir", kAllocated);
constexpr std::array kClasses = {&kPreferenceClass, &kAllocationClass};

constexpr std::array kSettings = {
    pigeon::path_of("base", "the directory that all mailboxes are below", PIGEON_DECLARATION_MANDATORY),
    pigeon::text_of("home", "where a new mailbox goes: {domain}, {user}, {hash1} to {hash4}",
                    "{domain}/{user}"),
    pigeon::choice_of(
        "batchFlush", "filesystem|each",
        "how several messages at once are made durable: by flushing their whole file system, or each",
        "filesystem"),
};

constexpr pigeon::About kAbout = {.name = "mda-maildir",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "stores mail in Maildirs, as in Maildir++",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MDA(mda_maildir::Maildir, kAbout);
