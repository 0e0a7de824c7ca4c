// SPDX-License-Identifier: MIT
#include "home.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using home_template::HomeTemplate;
using home_template::requested_home;

namespace {

std::string home(const std::string& text, const std::string& domain, const std::string& user) {
  const auto parsed = HomeTemplate::parse(text, "mda-maildir");
  REQUIRE(parsed);
  const auto home = parsed->home_of({domain, user});
  return home ? *home : "refused: " + home.failure().detail;
}

}  // namespace

TEST_CASE("a template is filled in with the names") {
  CHECK(home("{domain}/{user}", "example.com", "alice") == "example.com/alice");
  CHECK(home("users/{user}", "example.com", "alice") == "users/alice");
}

TEST_CASE("hash levels are the same every time, and never change") {
  CHECK(home("{hash1}/{hash2}/{domain}/{user}", "example.com", "alice") == "46/2A/example.com/alice");
  CHECK(home("{hash3}/{hash4}/{user}", "example.com", "alice") == "FF/A7/alice");
}

TEST_CASE("a template that would lose or mix mailboxes is refused") {
  for (const std::string text : {"", "/abs/{user}", "../{user}", "{user}/..", "{domain}", "{nobody}/{user}",
                                 "{user", "{}/{user}", "a//{user}", "{hash5}/{user}", "{hash}/{user}"}) {
    CAPTURE(text);
    const auto parsed = HomeTemplate::parse(text, "mda-maildir");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.failure().status == PIGEON_MISCONFIGURED);
  }
}

TEST_CASE("however long a template is, the refusal names the setting and says what is wrong") {
  const auto parsed = HomeTemplate::parse(std::string(1U << 20U, 'x'), "mda-maildir");
  REQUIRE_FALSE(parsed);
  const auto beginning = parsed.failure().detail.substr(0, 200);
  CHECK(beginning.find("\"home\" of mda-maildir") != std::string::npos);
  CHECK(beginning.find("too long a name") != std::string::npos);
}

TEST_CASE("names that lead elsewhere, or hide, never become paths") {
  for (const std::string user : {"..", ".", ".hidden", "a/b", "../../etc", "/", "a\nb"}) {
    CAPTURE(user);
    const auto found = HomeTemplate::parse("{domain}/{user}", "mda-maildir")->home_of({"d", user});
    REQUIRE_FALSE(found);
    CHECK(found.failure().status == PIGEON_MISCONFIGURED);
    CHECK(found.failure().remedy.find("home=") != std::string::npos);
  }
  CHECK_FALSE(HomeTemplate::parse("{user}", "mda-maildir")->home_of({"d", std::string("a\0b", 3)}));
  CHECK_FALSE(HomeTemplate::parse("{user}", "mda-maildir")->home_of({"d", std::string(100, '!')}));
}

TEST_CASE("unusual names are written so that no two share a path") {
  std::set<std::string> homes;
  const std::string users[] = {"a b", "a=20b",    "a%b", "a\"b", "a'b", "a$b", "ü",
                               "u",   "=unknown", "a+b", "A",    "a",   ""};
  for (const auto& user : users) homes.insert(home("{user}", "d", user));
  CHECK(homes.size() == std::size(users));
  CHECK(home("{user}", "d", "a b") == "a=20b");
  CHECK(home("{user}", "d", "a=20b") == "a=3D20b");
}

TEST_CASE("the catch-all has a path that no user can have") {
  CHECK(home("{domain}/{user}", "d", "") == "d/=unknown");
  CHECK(home("{domain}/{user}", "d", "=unknown") == "d/=3Dunknown");
}

TEST_CASE("a requested home lies below the base, or is refused") {
  CHECK(*requested_home("x/y", "/base", "mda-maildir") == "x/y");
  CHECK(*requested_home("/base/x/y", "/base", "mda-maildir") == "x/y");
  for (const std::string request :
       {"/other/x", "../x", "x/../../y", "/base", "/base/", "/basement/x", "", ".", "a//b"}) {
    CAPTURE(request);
    CHECK_FALSE(requested_home(request, "/base", "mda-maildir"));
  }
}
