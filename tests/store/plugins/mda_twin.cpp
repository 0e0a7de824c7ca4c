// SPDX-License-Identifier: MIT
//
// mda-maildir under another name.
#include "maildir.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kPreferences = {
    pigeon::size_of("quotaBytes", "how much mail the mailbox may hold"),
    pigeon::integer_of("quotaMessages", "how many messages the mailbox may hold"),
    pigeon::choice_of("overQuota", "defer|reject", "what happens to a message that is too much", "defer"),
    pigeon::boolean_of("createFolders", "whether a folder that is asked for is made", "FALSE"),
};
constexpr std::array kAllocated = {
    pigeon::text_of("home", "the directory, below the base", nullptr,
                    PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
};
constexpr pigeon_class kPreferenceClass =
    pigeon::auxiliary("mda-twin", "a mailStore object that wants its mail in the twin", kPreferences);
constexpr pigeon_class kAllocationClass = pigeon::auxiliary(
    "mda-twinAllocation", "a user, or a domain, that has a mailbox in the twin", kAllocated);
constexpr std::array kClasses = {&kPreferenceClass, &kAllocationClass};

constexpr std::array kSettings = {
    pigeon::path_of("base", "the directory that all mailboxes are below", PIGEON_DECLARATION_MANDATORY),
    pigeon::text_of("home", "where a new mailbox goes", "{domain}/{user}"),
    pigeon::choice_of("batchFlush", "filesystem|each", "how several messages at once are made durable",
                      "filesystem"),
};

constexpr pigeon::About kAbout = {.name = "mda-twin",
                                  .version = "1",
                                  .summary = "stores mail in Maildirs, under another name",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MDA(mda_maildir::Maildir, kAbout);
