// SPDX-License-Identifier: MIT
#include "lmtp.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kPreferences = {
    pigeon::text_of("address", "a request: the address, at the other server, that the user's mail goes to",
                    nullptr, PIGEON_DECLARATION_ALLOCATION),
};
constexpr std::array kAllocated = {
    pigeon::text_of("address", "the address, at the other server, that the user's mail goes to", nullptr,
                    PIGEON_DECLARATION_ALLOCATION | PIGEON_DECLARATION_MANDATORY),
};
constexpr pigeon_class kPreferenceClass =
    pigeon::auxiliary("mda-lmtp", "a mailStore object that wants its mail at another server", kPreferences);
constexpr pigeon_class kAllocationClass = pigeon::auxiliary(
    "mda-lmtpAllocation", "a user, or a domain, whose mail is at another server", kAllocated);
constexpr std::array kClasses = {&kPreferenceClass, &kAllocationClass};

constexpr std::array kSettings = {
    pigeon::text_of("server",
                    "where the other server listens: unix:/PATH or tcp:HOST:PORT; of several, the first that "
                    "answers",
                    nullptr, PIGEON_DECLARATION_MANDATORY | PIGEON_DECLARATION_MULTI),
    pigeon::text_of("recipient", "the address that a user's mail goes to: {user}, {domain}",
                    "{user}@{domain}"),
    pigeon::text_of("catchAll", "the address that the mail of a domain's catch-all goes to: {domain}"),
    pigeon::text_of("detailDelimiter",
                    "what stands between user and folder where a folder is asked for; without it none is"),
    pigeon::choice_of("permanent", "pass|defer",
                      "whether a refusal by the other server is told to the sender, or mail waits", "pass"),
    pigeon::choice_of("forbidden", "replace|keep",
                      "whether a CR without LF, and a NUL, become a blank, or are sent as they are",
                      "replace"),
    pigeon::boolean_of("fields", "whether Delivered-To and X-Original-To are sent; Return-Path never is",
                       "TRUE"),
    pigeon::text_of("name", "what we call ourselves in LHLO; by default the name of the host"),
    pigeon::time_of("connectTimeout", "how long a server may take to connect and to greet", "10s"),
};

constexpr pigeon::About kAbout = {.name = "mda-lmtp",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "hands mail to another server by LMTP",
                                  .classes = kClasses,
                                  .settings = kSettings};

}  // namespace

PIGEON_MDA(mda_lmtp::Lmtp, kAbout);
