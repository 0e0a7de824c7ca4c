// SPDX-License-Identifier: MIT
#include "mail_store.hpp"

#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kAttributes = {
    pigeon::text_of("mda", "the storage format for a user who has no mailbox yet"),
    pigeon::boolean_of("detailFolder", "whether mail for user+detail goes into the folder of that name"),
};
constexpr pigeon_class kClass = pigeon::structural("mailStore", "stores mail", kAttributes);
constexpr std::array kClasses = {&kClass};

constexpr std::array kSettings = {
    pigeon::text_of("mda", "the storage format where the tree names none", nullptr,
                    PIGEON_DECLARATION_MANDATORY),
    pigeon::text_of("creator", "how mailboxes are allocated", nullptr, PIGEON_DECLARATION_MANDATORY),
    pigeon::boolean_of("detailFolder", "whether mail for user+detail goes into the folder of that name",
                       "FALSE"),
};

constexpr pigeon::About kAbout = {.name = "mailStore",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "stores mail in the user's mailbox",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MODULE(mail_store::MailStore, PIGEON_MODULE_TAKES, kAbout);
