// SPDX-License-Identifier: MIT
#include "mbox.hpp"

#include <mailbox-rules/limits.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kPreferences = {
    pigeon::size_of("quotaBytes", "how large the mailbox may be, all of its files together"),
    mailbox_rules::kQuotaMessages,
    mailbox_rules::kOverQuota,
    mailbox_rules::kCreateFolders,
    pigeon::text_of("home", "a request: the file, below the base, that the user's mail is to be kept in",
                    nullptr, PIGEON_DECLARATION_ALLOCATION),
};
constexpr std::array kAllocated = {
    pigeon::text_of("home", "the file, below the base, that the user's mail is kept in", nullptr,
                    PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
};
constexpr pigeon_class kPreferenceClass =
    pigeon::auxiliary("mda-mbox", "a mailStore object that wants its mail in an mbox", kPreferences);
constexpr pigeon_class kAllocationClass =
    pigeon::auxiliary("mda-mboxAllocation", "a user, or a domain, that has an mbox", kAllocated);
constexpr std::array kClasses = {&kPreferenceClass, &kAllocationClass};

constexpr std::array kSettings = {
    pigeon::path_of("base", "the directory that all mailboxes are below", PIGEON_DECLARATION_MANDATORY),
    pigeon::text_of("home", "where the file of a new mailbox goes: {domain}, {user}, {hash1} to {hash4}",
                    "{domain}/{user}"),
    pigeon::choice_of("quoting", "mboxrd|mboxo|mboxcl2",
                      "how lines are kept apart from those that messages begin with", "mboxrd"),
    pigeon::choice_of(
        "locks", "fcntl|flock|dotlock",
        "the locks that are taken, in this order; those of all other programs that use the files; "
        "without this setting fcntl, then dotlock",
        nullptr, PIGEON_DECLARATION_MULTI),
    pigeon::time_of("staleLock", "the age at which a dotlock is nobody's any more", "30m"),
};

constexpr pigeon::About kAbout = {.name = "mda-mbox",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "stores mail in mboxes, as other programs read and write them",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MDA(mda_mbox::Mbox, kAbout);
