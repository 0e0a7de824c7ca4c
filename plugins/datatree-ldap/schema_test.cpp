// SPDX-License-Identifier: MIT
#include "schema.hpp"

#include <pigeon/sdk/schema.hpp>

#include <doctest/doctest.h>
#include <ldap.h>
#include <ldap_schema.h>

#include <array>
#include <set>
#include <string>
#include <vector>

using datatree_ldap::LdapSchema;
using datatree_ldap::Result;
using datatree_ldap::Vocabulary;

namespace {

constexpr std::array kUserAttributes = {pigeon::text_of("enable", "it's \"on\" \\ off"),
                                        pigeon::text_of("phone", "", nullptr, PIGEON_DECLARATION_MULTI)};
constexpr std::array kOther = {pigeon::text_of("home", "where it is", nullptr, PIGEON_DECLARATION_MANDATORY),
                               pigeon::text_of("phone", "", nullptr, PIGEON_DECLARATION_MULTI)};
constexpr std::array kSingle = {pigeon::text_of("phone", "")};
constexpr std::array kName = {pigeon::text_of("Name", "")};
constexpr pigeon_class kUser = pigeon::structural("mailUser", "a user", kUserAttributes);
constexpr pigeon_class kAllocation = pigeon::auxiliary("mda-xAllocation", "", kOther);
constexpr pigeon_class kDiffering = pigeon::auxiliary("mailOther", "", kSingle);
constexpr pigeon_class kNamed = pigeon::auxiliary("mailNamed", "", kName);

Result<LdapSchema> schema_of(const std::vector<const pigeon_class*>& classes,
                             const Vocabulary& vocabulary = {}) {
  const pigeon_schema schema = {sizeof schema, 0, classes.data(), classes.size()};
  return LdapSchema::of(schema, vocabulary);
}

const datatree_ldap::ObjectClass& find(const LdapSchema& schema, const std::string& name) {
  for (const auto& each : schema.classes) {
    if (each.name == name) return each;
  }
  FAIL("no class " << name);
  return schema.classes.front();
}

}  // namespace

TEST_CASE("every definition is one, with an identifier of its own that does not change") {
  const auto schema = schema_of({&pigeon::tree::kRootClass, &kUser, &kAllocation});
  REQUIRE(schema);
  std::set<std::string> identifiers;
  const auto note = [&](const char* oid) { CHECK(identifiers.insert(oid).second); };
  int code = 0;
  const char* where = nullptr;
  for (const auto& each : schema->types) {
    CAPTURE(each.definition());
    auto* parsed = ldap_str2attributetype(each.definition().c_str(), &code, &where, LDAP_SCHEMA_ALLOW_NONE);
    REQUIRE(parsed != nullptr);
    note(parsed->at_oid);
    CHECK(std::string(parsed->at_equality_oid) == "octetStringMatch");
    CHECK(parsed->at_single_value == (each.name == "pigeonPhone" ? 0 : 1));
    ldap_attributetype_free(parsed);
  }
  for (const auto& each : schema->classes) {
    CAPTURE(each.definition());
    auto* parsed = ldap_str2objectclass(each.definition().c_str(), &code, &where, LDAP_SCHEMA_ALLOW_NONE);
    REQUIRE(parsed != nullptr);
    note(parsed->oc_oid);
    ldap_objectclass_free(parsed);
  }
  // What stands in somebody's directory must go on meaning the same.
  CHECK(find(*schema, "pigeonMailUser")
            .definition()
            .find("( 2.25.335135683984963855399387347013191212770.2.109.97.105.108.117.115.101.114 NAME") ==
        0);
  CHECK(schema_of({&kUser})->classes.back().definition() == find(*schema, "pigeonMailUser").definition());
}

TEST_CASE("a class has its attributes, a structural one also its name and the lock") {
  const auto schema = schema_of({&pigeon::tree::kRootClass, &kUser, &kAllocation});
  REQUIRE(schema);
  const auto& user = find(*schema, "pigeonMailUser");
  CHECK(user.is_structural);
  CHECK(user.must == std::vector<std::string>{"pigeonName"});
  CHECK(user.may == std::vector<std::string>{"pigeonEnable", "pigeonPhone", "pigeon-lock"});
  const auto& allocation = find(*schema, "pigeonMda-xAllocation");
  CHECK_FALSE(allocation.is_structural);
  CHECK(allocation.must.empty());
  CHECK(allocation.may == std::vector<std::string>{"pigeonHome", "pigeonPhone"});
  // So that any entry can be the base of a tree.
  CHECK_FALSE(find(*schema, "pigeonMailRoot").is_structural);
}

TEST_CASE("classes share an attribute only if they mean the same, and none is called name") {
  CHECK_FALSE(schema_of({&kUser, &kDiffering}));
  CHECK_FALSE(schema_of({&kNamed}));
}

TEST_CASE("what is mapped is the server's own, and not defined again") {
  const std::vector<std::string> map = {"home=homeDirectory"};
  const auto schema = schema_of({&kAllocation}, *Vocabulary::of(map));
  REQUIRE(schema);
  CHECK(find(*schema, "pigeonMda-xAllocation").may.front() == "homeDirectory");
  for (const auto& text : {schema->as_file(), schema->as_ldif()}) {
    CHECK(text.find("NAME 'homeDirectory'") == std::string::npos);
    CHECK(text.find("pigeonHome") == std::string::npos);
  }
}

TEST_CASE("lines of LDIF are folded, and what is not ASCII is in base64") {
  static constexpr std::array kForeign = {
      pigeon::text_of("x", "h\xc3\xa4lt die \xc3\x84mter, lang und breit, bis zum Ende")};
  static constexpr pigeon_class kClass = pigeon::structural("mailX", "", kForeign);
  const auto schema = schema_of({&kClass});
  REQUIRE(schema);
  const auto ldif = schema->as_ldif();
  CHECK(ldif.find("olcAttributeTypes:: ") != std::string::npos);
  for (std::size_t at = 0; at < ldif.size();) {
    const auto end = ldif.find('\n', at);
    CHECK((end - at <= 76 || ldif[at] == '#'));
    at = end + 1;
  }
}
