// SPDX-License-Identifier: MIT
//
// Where a server is, and what it takes to be let in.
#pragma once

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/settings.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sql_server {

struct Server {
  std::string host;
  unsigned port = 0;
  std::string socket;  // a path: then there is no host

  // "db.example.com", "192.0.2.1:3307", "[2001:db8::1]:3307", "/run/mysqld/mysqld.sock".
  static pigeon::Result<Server> parse(std::string_view text);
  [[nodiscard]] std::string shown() const;
};

struct Account {
  // By the settings that settings.hpp declares.
  static pigeon::Result<Account> of(const pigeon::Settings& settings, std::string plugin);

  std::string plugin;  // whose settings these are: for remedies
  std::vector<Server> servers;
  std::string database;
  std::string user;
  std::string password;
  enum class Tls { off, encrypt, verify } tls = Tls::off;
  std::string authorities;  // the file of certificates that are trusted
  std::string certificate;  // our own, and its key
  std::string key;
  std::chrono::nanoseconds connect_time{};
  std::chrono::nanoseconds answer_time{};
};

}  // namespace sql_server
