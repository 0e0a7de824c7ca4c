// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <sql-server/settings.hpp>

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>

namespace {

constexpr std::array kSettings = {
    sql_server::kHosts,
    pigeon::text_of("database", "the database that holds the tree, and nothing else", "pigeon"),
    sql_server::kUser,
    sql_server::kPassword,
    sql_server::kTls,
    sql_server::kTlsAuthorities,
    sql_server::kTlsCertificate,
    sql_server::kTlsKey,
    sql_server::kConnectTimeout,
    sql_server::kAnswerTimeout,
};

constexpr pigeon::About kAbout = {.name = "datatree-sql",
                                  .version = PIGEON_PLUGIN_VERSION,
                                  .summary = "keeps the tree in MariaDB",
                                  .classes = {},
                                  .settings = kSettings};

}  // namespace

PIGEON_DATATREE(datatree_sql::Tree, kAbout);
