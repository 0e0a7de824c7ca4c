// SPDX-License-Identifier: MIT
#include "dn.hpp"

#include <doctest/doctest.h>

#include <string>

using datatree_ldap::dn_of;
using datatree_ldap::dn_value;
using datatree_ldap::equality;
using datatree_ldap::filter_value;
using datatree_ldap::parse_dn;
using datatree_ldap::path_of;
using pigeon::TreePath;

namespace {

std::string mail() {
  return "ou=mail,dc=example,dc=com";
}

TreePath path(const std::string& text) {
  return *TreePath::parse(text);
}

std::optional<TreePath> read_back(const std::string& dn) {
  const auto entry = parse_dn(dn);
  REQUIRE(entry);
  return path_of(*entry, *parse_dn(mail()));
}

}  // namespace

TEST_CASE("an object's DN has its names, the deepest first") {
  CHECK(dn_of(path("/"), mail()) == mail());
  CHECK(dn_of(path("/example.com/alice"), mail()) == "pigeonName=alice,pigeonName=example.com," + mail());
  CHECK(dn_of(path("/a"), "") == "pigeonName=a");
}

TEST_CASE("every name is read back from its DN to the octet") {
  for (const std::string name :
       {" a",   "a ",      "#a",       "a,b",       "a+b",       "a=b",      "a\"b",
        "a\\b", "a<b>c;d", "\xc3\xa4", "a\xcc\x88", "*",         "(|(x=*))", "\\2C",
        "%",    "/",       "..",       ",ou=other", "a, dc=com", "'",        "#04024869"}) {
    CAPTURE(name);
    const auto where = TreePath().child(name).child("b");
    CHECK(read_back(dn_of(where, mail())) == where);
  }
}

TEST_CASE("what could end a value or a filter is escaped") {
  CHECK(dn_value("a,b") == "a\\2Cb");
  CHECK(dn_value("\xc3\xa4") == "\xc3\xa4");
  CHECK(dn_value("\xc3") == "\\C3");
  CHECK(dn_value(std::string(1, '\0')) == "\\00");
  CHECK(filter_value("*)(x=\\") == "\\2A\\29\\28x\\3D\\5C");
  CHECK(filter_value("\xc3\xa4") == "\\C3\\A4");
  CHECK(equality("pigeonHome", "a*") == "(pigeonHome=a\\2A)");
}

TEST_CASE("a path is below the base only") {
  CHECK(read_back(mail()) == TreePath());
  CHECK(read_back("pigeonName=a,OU=Mail,dc=EXAMPLE,dc=com") == path("/a"));
  CHECK_FALSE(read_back("pigeonName=a,ou=other,dc=example,dc=com"));
  CHECK_FALSE(read_back("dc=example,dc=com"));
  CHECK_FALSE(read_back("pigeonName=a,dc=example,dc=com"));
}

TEST_CASE("what has another name than objects have is no object") {
  CHECK_FALSE(read_back("cn=a," + mail()));
  CHECK_FALSE(read_back("pigeonName=a+cn=b," + mail()));
  CHECK_FALSE(read_back("pigeonName=#04024869," + mail()));
  CHECK_FALSE(read_back("pigeonName=a,ou=people,pigeonName=b," + mail()));
  CHECK_FALSE(read_back("pigeonName=a\\00b," + mail()));
  CHECK(read_back("PIGEONNAME=a," + mail()) == path("/a"));
}

TEST_CASE("names of the tree above a base compare as octets, everything else without case") {
  const auto base = *parse_dn("pigeonName=example.net,dc=com");
  CHECK(path_of(*parse_dn("pigeonName=a,pigeonName=example.net,DC=COM"), base, path("/example.net")) ==
        path("/example.net/a"));
  CHECK_FALSE(path_of(*parse_dn("pigeonName=a,pigeonName=Example.net,dc=com"), base));
}

TEST_CASE("what is no DN is nothing") {
  for (const std::string& text :
       {std::string("x"), std::string("a=b,"), std::string("=b"), std::string("cn=a\0b", 6)}) {
    CAPTURE(text);
    CHECK_FALSE(parse_dn(text));
  }
}
