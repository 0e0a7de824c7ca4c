// SPDX-License-Identifier: MIT
//
// The schema of the tree in the language of an OpenLDAP server, from what the tree and the plugins declare.
#pragma once

#include "vocabulary.hpp"

#include <pigeon/abi/schema.h>
#include <pigeon/sdk/result.hpp>

#include <string>
#include <vector>

namespace datatree_ldap {

// What identifies definitions of PigeonDeliver, everywhere and for good: an arc made of a UUID (ITU-T X.667).
inline constexpr const char* kArc = "2.25.335135683984963855399387347013191212770";

struct AttributeType {
  std::string name;
  std::string meaning;
  bool is_single = false;
  bool is_ours = true;  // false: the map says that the server's own is used

  [[nodiscard]] std::string definition() const;  // "( OID NAME ... )", RFC 4512, 4.1.2
};

struct ObjectClass {
  std::string name;
  std::string meaning;
  bool is_structural = false;
  std::vector<std::string> must = {};
  std::vector<std::string> may = {};

  [[nodiscard]] std::string definition() const;  // "( OID NAME ... )", RFC 4512, 4.1.1
};

struct LdapSchema {
  std::vector<AttributeType> types;
  std::vector<ObjectClass> classes;

  // A failure where two classes declare an attribute differently.
  static Result<LdapSchema> of(const pigeon_schema& schema, const Vocabulary& vocabulary);

  [[nodiscard]] std::string as_file() const;  // to include in slapd.conf
  [[nodiscard]] std::string as_ldif() const;  // to add to cn=config
};

// What the entry that names the base is, if `init` has to make it; beside the mark.
std::string structural_class_for(std::string_view naming_type);

}  // namespace datatree_ldap
