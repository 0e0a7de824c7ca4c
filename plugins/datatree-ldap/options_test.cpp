// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using datatree_ldap::Credentials;
using datatree_ldap::Options;
using datatree_ldap::place_of;

namespace {

pigeon::Attributes usual() {
  return {{"uris", {"ldap://one.example", "ldapi:///"}},
          {"base", {"ou=mail,dc=example,dc=com"}},
          {"tls", {"auto"}}};
}

pigeon::Result<Options> with(const pigeon::Attributes& more) {
  auto settings = usual();
  for (const auto& [name, values] : more) settings.set(name, values);
  return Options::of(pigeon::Settings(settings));
}

}  // namespace

TEST_CASE("who we are is said by the settings: anonymous, by a password, or by what the server sees") {
  CHECK(with({})->servers.front().credentials.how == Credentials::How::anonymous);
  CHECK(with({{"bindDn", {"cn=x"}}, {"password", {"y"}}})->servers.back().credentials.password == "y");
  CHECK(with({{"bind", {"external"}}})->servers.front().credentials.how == Credentials::How::external);
}

TEST_CASE("a simple bind without a password, which a server takes for an anonymous one, is refused") {
  CHECK_FALSE(with({{"bindDn", {"cn=x"}}}));
  CHECK_FALSE(with({{"bind", {"simple"}}}));
  CHECK_FALSE(with({{"password", {"y"}}}));
  CHECK_FALSE(with({{"bind", {"external"}}, {"bindDn", {"cn=x"}}, {"password", {"y"}}}));
}

TEST_CASE("what is no server or no DN is refused, and the password is not told") {
  for (const std::string uri :
       {"one.example", "http://one.example", "ldap://", "ldap://one/dc=x", "ldap://one:x"}) {
    CAPTURE(uri);
    CHECK_FALSE(with({{"uris", {uri}}}));
  }
  const auto wrong = with({{"base", {"mail"}}, {"bindDn", {"cn=x"}}, {"password", {"secret"}}});
  REQUIRE_FALSE(wrong);
  CHECK((wrong.failure().detail + wrong.failure().remedy).find("secret") == std::string::npos);
}

TEST_CASE("each server of a referral has its own DN and password, or none has") {
  const pigeon::Attributes two = {{"referralUris", {"ldap://a", "ldap://b"}}};
  CHECK(with(two)->referred.front().credentials.how == Credentials::How::anonymous);
  auto named = two;
  named.set("referralBindDns", pigeon::Values{"cn=a", "cn=b"});
  CHECK_FALSE(with(named));
  named.set("referralPasswords", pigeon::Values{"x", "y"});
  CHECK(with(named)->referred.back().credentials.dn == "cn=b");
  CHECK(with(named)->referred.back().credentials.password == "y");
}

TEST_CASE("servers are the same by scheme, host and port") {
  const auto same = [](const std::string& a, const std::string& b) {
    return place_of(a)->is_same_server(*place_of(b));
  };
  CHECK(same("ldap://One.example", "ldap://one.example:389/dc=x??sub"));
  CHECK_FALSE(same("ldap://one.example", "ldaps://one.example"));
  CHECK_FALSE(same("ldap://one.example", "ldap://one.example.org"));
  CHECK_FALSE(same("ldapi://%2Frun%2FA", "ldapi://%2Frun%2Fa"));
  CHECK(place_of("ldap://127.0.0.1:1")->is_on_this_machine());
  CHECK_FALSE(place_of("ldap://one.example")->is_on_this_machine());
  CHECK_FALSE(place_of("ldap://localhost.example")->is_on_this_machine());
}
