// SPDX-License-Identifier: MIT
#include "vocabulary.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

using datatree_ldap::Vocabulary;

namespace {

Vocabulary mapped(const std::vector<std::string>& map) {
  const auto made = Vocabulary::of(map);
  REQUIRE(made);
  return *made;
}

}  // namespace

TEST_CASE("classes and attributes have a prefix in LDAP, and come back without it") {
  const Vocabulary plain;
  CHECK(plain.type_of("home") == "pigeonHome");
  CHECK(plain.attribute_of("pigeonHome") == "home");
  CHECK(plain.attribute_of("PIGEONHOME") == "hOME");
  CHECK(Vocabulary::class_type_of("mda-maildirAllocation") == "pigeonMda-maildirAllocation");
  CHECK(Vocabulary::class_of("pigeonMda-maildirAllocation") == "mda-maildirAllocation");
}

TEST_CASE("what is not of the tree has no name there") {
  const Vocabulary plain;
  for (const std::string type :
       {"pigeonName", "pigeon-lock", "pigeon", "cn", "homeDirectory", "pigeonHome;lang-en", "pigeon1"}) {
    CAPTURE(type);
    CHECK_FALSE(plain.attribute_of(type));
  }
  CHECK_FALSE(Vocabulary::class_of("top"));
  CHECK_FALSE(Vocabulary::class_of("pigeon-container"));
}

TEST_CASE("a map puts a type of the server's own in the place of ours") {
  const auto vocabulary = mapped({"home=homeDirectory", "uid=uidNumber"});
  CHECK(vocabulary.type_of("HOME") == "homeDirectory");
  CHECK(vocabulary.attribute_of("HomeDirectory") == "home");
  CHECK_FALSE(vocabulary.attribute_of("pigeonHome"));
  CHECK(vocabulary.type_of("quota") == "pigeonQuota");
  CHECK(vocabulary.is_mapped("uid"));
}

TEST_CASE("a map that cannot be meant is refused") {
  for (const auto& map : std::vector<std::vector<std::string>>{{"home"},
                                                               {"=homeDirectory"},
                                                               {"home="},
                                                               {"home=home directory"},
                                                               {"name=uid"},
                                                               {"home=pigeonOther"},
                                                               {"home=a", "HOME=b"},
                                                               {"home=a", "dir=A"}}) {
    CAPTURE(map.front());
    CHECK_FALSE(Vocabulary::of(map));
  }
}
