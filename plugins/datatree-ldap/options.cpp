// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <ldap.h>

#include <algorithm>
#include <memory>

namespace datatree_ldap {
namespace {

struct FreeUrl {
  void operator()(LDAPURLDesc* url) const { ldap_free_urldesc(url); }
};

Failure wrong(const std::string& setting, const std::string& why, const std::string& remedy) {
  return pigeon::misconfigured("setting '" + setting + "' of datatree-ldap: " + why).with_remedy(remedy);
}

std::string text(const char* value) {
  return value == nullptr ? std::string() : std::string(value);
}

Result<Credentials> credentials_of(const pigeon::Settings& settings) {
  using How = Credentials::How;
  Credentials credentials{.dn = settings.text("bindDn"), .password = settings.text("password")};
  auto way = settings.text("bind");
  if (way.empty()) way = credentials.dn.empty() ? "anonymous" : "simple";
  credentials.how = way == "simple" ? How::simple : way == "external" ? How::external : How::anonymous;
  // A simple bind without a password is an anonymous one, and the server calls it a success.
  if (credentials.how == How::simple && (credentials.dn.empty() || credentials.password.empty())) {
    return wrong("bind", "a simple bind needs a DN and a password",
                 "give \"bindDn\" and \"password\", as in \"file:/etc/pigeon/ldap.secret\"");
  }
  if (credentials.how != How::simple && (!credentials.dn.empty() || !credentials.password.empty())) {
    return wrong("bind", "'bindDn' and 'password' belong to a simple bind", "remove them, or \"bind\"");
  }
  return credentials;
}

Result<std::vector<Server>> servers_of(const pigeon::Settings& settings, const std::string& name,
                                       const Credentials& credentials) {
  std::vector<Server> servers;
  for (const auto& uri : settings.all(name)) {
    const auto place = place_of(uri);
    if (!place || !place->dn.empty()) {
      return wrong(name, "'" + pigeon::printable(uri) + "' is not the URI of a server",
                   "write ldap://HOST, ldaps://HOST or ldapi:///, with :PORT if it is not the usual one");
    }
    servers.push_back({uri, credentials});
  }
  return servers;
}

// Each with a DN and a password of its own, or all of them without.
Result<std::vector<Server>> referred_of(const pigeon::Settings& settings) {
  auto servers = PIGEON_TRY(servers_of(settings, "referralUris", {}));
  const auto names = settings.all("referralBindDns");
  const auto passwords = settings.all("referralPasswords");
  if (names.empty() && passwords.empty()) return servers;
  if (names.size() != servers.size() || passwords.size() != servers.size()) {
    return wrong("referralUris", "there are not as many DNs and passwords as servers",
                 "give \"referralBindDns\" and \"referralPasswords\" an entry for each of \"referralUris\"");
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    servers[i].credentials = {Credentials::How::simple, names[i], passwords[i]};
  }
  return servers;
}

}  // namespace

std::optional<Place> place_of(const std::string& uri) {
  LDAPURLDesc* parsed = nullptr;
  if (uri.find('\0') != std::string::npos || ldap_url_parse(uri.c_str(), &parsed) != LDAP_URL_SUCCESS) {
    return std::nullopt;
  }
  const std::unique_ptr<LDAPURLDesc, FreeUrl> url(parsed);
  Place place{.scheme = pigeon::fold(text(url->lud_scheme)),
              .host = text(url->lud_host),
              .port = url->lud_port,
              .dn = text(url->lud_dn)};
  if (place.scheme != "ldapi") place.host = pigeon::fold(place.host);
  if (place.scheme != "ldapi" && place.host.empty()) return std::nullopt;
  return place;
}

bool Place::is_same_server(const Place& other) const {
  return scheme == other.scheme && host == other.host && (scheme == "ldapi" || port == other.port);
}

bool Place::is_on_this_machine() const {
  return scheme == "ldapi" || host == "localhost" || host == "::1" || pigeon::starts_with(host, "127.");
}

bool Options::is_copy(const std::string& uri) const {
  const auto same = [&](const auto& each) { return each.uri == uri; };
  return !providers.empty() && std::none_of(providers.begin(), providers.end(), same);
}

Result<Options> Options::of(const pigeon::Settings& settings) {
  Options options;
  const auto credentials = PIGEON_TRY(credentials_of(settings));
  options.servers = PIGEON_TRY(servers_of(settings, "uris", credentials));
  options.providers = PIGEON_TRY(servers_of(settings, "providers", credentials));
  options.referred = PIGEON_TRY(referred_of(settings));
  if (options.servers.empty()) return wrong("uris", "there is none", "name a server, such as ldapi:///");
  options.base = settings.text("base");
  const auto base = parse_dn(options.base);
  if (!base || base->empty()) {
    return wrong("base", "'" + pigeon::printable(options.base) + "' is not a DN",
                 "write it as ou=mail,dc=example,dc=com");
  }
  const auto when = settings.text("tls");
  options.tls = {when == "always"  ? Tls::When::always
                 : when == "never" ? Tls::When::never
                                   : Tls::When::automatic,
                 settings.text("caFile"), settings.text("certificate"), settings.text("key")};
  options.connect_timeout = settings.time("connectTimeout");
  options.answer_timeout = settings.time("answerTimeout");
  options.vocabulary = PIGEON_TRY(Vocabulary::of(settings.all("map")));
  options.extends_schema = settings.is_true("extendSchema");
  return options;
}

}  // namespace datatree_ldap
