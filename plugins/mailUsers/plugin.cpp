// SPDX-License-Identifier: MIT
#include "mail_users.hpp"

#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array<pigeon_declaration, 0> kAttributes = {};
constexpr pigeon_class kClass =
    pigeon::structural("mailUsers", "finds users: its children are the users of the domain", kAttributes);
constexpr std::array kClasses = {&kClass};

constexpr pigeon::About kAbout = {.name = "mailUsers",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "finds the user and merges user and domain configuration",
                                  .classes = kClasses};

}  // namespace

PIGEON_MODULE(mail_users::MailUsers, PIGEON_MODULE_FINDS_USER, kAbout);
