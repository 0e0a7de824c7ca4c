// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kSettings = {
    pigeon::text_of(
        "hosts",
        "the servers, asked in this order until one answers: HOST, HOST:PORT, [IPV6]:PORT, or the "
        "path of a socket",
        "/run/mysqld/mysqld.sock", PIGEON_DECLARATION_MULTI),
    pigeon::text_of("database", "the database that holds the tree, and nothing else", "pigeon"),
    pigeon::text_of("user", "the account at the server", "pigeon"),
    pigeon::text_of("password", "its password", nullptr, PIGEON_DECLARATION_SECRET),
    pigeon::choice_of(
        "tls", "off|encrypt|verify",
        "whether connections are encrypted, and whether the server's certificate must be for its "
        "host name and signed by one of tlsAuthorities",
        "off"),
    pigeon::path_of("tlsAuthorities", "the file of the certificates that are trusted"),
    pigeon::path_of("tlsCertificate", "our own certificate, where the server wants one"),
    pigeon::path_of("tlsKey", "the key of tlsCertificate"),
    pigeon::time_of("connectTimeout", "how long a server may take to let us in, before the next one is asked",
                    "5s"),
    pigeon::time_of("answerTimeout", "how long a server may be silent, before the next one is asked", "15s"),
};

constexpr pigeon::About kAbout = {.name = "datatree-sql",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "keeps the tree in MariaDB",
                                  .classes = {},
                                  .settings = kSettings};

}  // namespace

PIGEON_DATATREE(datatree_sql::Tree, kAbout);
