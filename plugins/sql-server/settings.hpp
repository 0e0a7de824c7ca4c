// SPDX-License-Identifier: MIT
//
// The settings of a plugin that works on a MariaDB server.
#pragma once

#include <pigeon/sdk/schema.hpp>

namespace sql_server {

constexpr pigeon_declaration kHosts = pigeon::text_of(
    "hosts",
    "the servers, asked in this order until one answers: HOST, HOST:PORT, [IPV6]:PORT, or the path of a "
    "socket",
    "/run/mysqld/mysqld.sock", PIGEON_DECLARATION_MULTI);
constexpr pigeon_declaration kUser = pigeon::text_of("user", "the account at the server", "pigeon");
constexpr pigeon_declaration kPassword =
    pigeon::text_of("password", "its password", nullptr, PIGEON_DECLARATION_SECRET);
constexpr pigeon_declaration kTls = pigeon::choice_of(
    "tls", "off|encrypt|verify",
    "whether connections are encrypted, and whether the server's certificate must be for its host name and "
    "signed by one of tlsAuthorities",
    "off");
constexpr pigeon_declaration kTlsAuthorities =
    pigeon::path_of("tlsAuthorities", "the file of the certificates that are trusted");
constexpr pigeon_declaration kTlsCertificate =
    pigeon::path_of("tlsCertificate", "our own certificate, where the server wants one");
constexpr pigeon_declaration kTlsKey = pigeon::path_of("tlsKey", "the key of tlsCertificate");
constexpr pigeon_declaration kConnectTimeout = pigeon::time_of(
    "connectTimeout", "how long a server may take to let us in, before the next one is asked", "5s");
constexpr pigeon_declaration kAnswerTimeout =
    pigeon::time_of("answerTimeout", "how long a server may be silent, before the next one is asked", "15s");

}  // namespace sql_server
