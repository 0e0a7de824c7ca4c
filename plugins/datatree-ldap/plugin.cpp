// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr auto kMulti = PIGEON_DECLARATION_MULTI;
constexpr auto kMandatory = PIGEON_DECLARATION_MANDATORY;
constexpr auto kSecret = PIGEON_DECLARATION_SECRET;

constexpr std::array kSettings = {
    pigeon::text_of("uris", "the servers, tried in this order: ldap://, ldaps:// or ldapi://", nullptr,
                    kMandatory | kMulti),
    pigeon::text_of("providers", "where writes go, and reads that must not lag; else the servers of uris",
                    nullptr, kMulti),
    pigeon::text_of("base", "the DN of the root of the tree", nullptr, kMandatory),
    pigeon::choice_of("bind", "anonymous|simple|external",
                      "how to say who we are; else simple if there is a bindDn, and anonymous if not"),
    pigeon::text_of("bindDn", "the DN of a simple bind"),
    pigeon::text_of("password", "the password of a simple bind", nullptr, kSecret),
    pigeon::choice_of("tls", "auto|always|never",
                      "whether ldap:// becomes TLS by StartTLS; auto: unless the server is on this machine",
                      "auto"),
    pigeon::path_of(
        "caFile",
        "the certificates that servers' certificates must be signed by; else the system's, such as "
        "/etc/ssl/certs/ca-certificates.crt"),
    pigeon::path_of("certificate", "our own certificate, for a server that asks for one"),
    pigeon::path_of("key", "its key"),
    pigeon::time_of("connectTimeout", "how long one server may take to be connected to and bound", "5s"),
    pigeon::time_of("answerTimeout", "how long one server may be silent before the next one is asked", "15s"),
    pigeon::text_of("referralUris", "other servers that referrals may lead to", nullptr, kMulti),
    pigeon::text_of("referralBindDns", "the DN to bind with at each of them", nullptr, kMulti),
    pigeon::text_of("referralPasswords", "the password to bind with at each of them", nullptr,
                    kMulti | kSecret),
    pigeon::text_of("map", "attributes that stand under a type of the server's own: NAME=TYPE", nullptr,
                    kMulti),
    pigeon::boolean_of("extendSchema", "whether pigeonctl init may add to the schema in cn=config", "FALSE"),
};

constexpr pigeon::About kAbout = {.name = "datatree-ldap",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "keeps the tree in an LDAP directory",
                                  .classes = {},
                                  .settings = kSettings};

}  // namespace

PIGEON_DATATREE(datatree_ldap::Tree, kAbout);
