// SPDX-License-Identifier: MIT
//
// The settings, read once and looked through.
#pragma once

#include "vocabulary.hpp"

#include <pigeon/sdk/settings.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace datatree_ldap {

struct Credentials {
  enum class How { anonymous, simple, external };
  How how = How::anonymous;
  std::string dn;
  std::string password;  // never shown
};

// One server, and who we are to it.
struct Server {
  std::string uri;
  Credentials credentials;
};

struct Tls {
  enum class When { automatic, always, never };
  When when = When::automatic;
  std::string ca_file;
  std::string certificate;
  std::string key;
};

struct Options {
  std::vector<Server> servers;    // in the order in which they are tried
  std::vector<Server> providers;  // where writes go; the same if there is nothing else
  std::vector<Server> referred;   // where referrals may lead, beside those
  std::string base;
  Tls tls;
  std::chrono::nanoseconds connect_timeout{};
  std::chrono::nanoseconds answer_timeout{};
  Vocabulary vocabulary;
  bool extends_schema = false;

  // Whether this server has what it has from another one.
  [[nodiscard]] bool is_copy(const std::string& uri) const;

  static Result<Options> of(const pigeon::Settings& settings);
};

// A URI of a server, taken apart.
struct Place {
  std::string scheme;  // ldap, ldaps, ldapi
  std::string host;    // of ldapi: the path of the socket
  int port = 0;
  std::string dn;
  friend bool operator==(const Place&, const Place&) = default;

  [[nodiscard]] bool is_same_server(const Place& other) const;
  // Nobody else can listen to what is said to it.
  [[nodiscard]] bool is_on_this_machine() const;
};
// Nothing if it is no URI of LDAP, or has more to it than a server and a DN.
std::optional<Place> place_of(const std::string& uri);

}  // namespace datatree_ldap
