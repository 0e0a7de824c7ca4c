// SPDX-License-Identifier: MIT
#include "server_schema.hpp"

#include <pigeon/sdk/text.hpp>

#include <ldap_schema.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace datatree_ldap {
namespace {

constexpr const char* kSchemas = "cn=schema,cn=config";

struct FreeType {
  void operator()(LDAPAttributeType* type) const { ldap_attributetype_free(type); }
};
struct FreeClass {
  void operator()(LDAPObjectClass* objectclass) const { ldap_objectclass_free(objectclass); }
};
using Type = std::unique_ptr<LDAPAttributeType, FreeType>;
using Class = std::unique_ptr<LDAPObjectClass, FreeClass>;

Type type_from(const std::string& text) {
  int code = 0;
  const char* where = nullptr;
  return Type(ldap_str2attributetype(text.c_str(), &code, &where, LDAP_SCHEMA_ALLOW_ALL));
}
Class class_from(const std::string& text) {
  int code = 0;
  const char* where = nullptr;
  return Class(ldap_str2objectclass(text.c_str(), &code, &where, LDAP_SCHEMA_ALLOW_ALL));
}

std::vector<std::string> texts_of(char** list) {
  std::vector<std::string> texts;
  for (; list != nullptr && *list != nullptr; ++list) texts.emplace_back(*list);
  return texts;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& each) { return pigeon::same_name(each, name); });
}

// "{3}( ... )" in cn=config is "( ... )".
std::string without_number(const std::string& value) {
  const auto at = value.find('}');
  return !value.empty() && value.front() == '{' && at != std::string::npos ? value.substr(at + 1) : value;
}

Result<Answer> ask_one(Connection& connection, Question question, Deadline deadline) {
  const auto what = "read " + pigeon::printable(question.dn);
  auto answer = PIGEON_TRY(connection.ask({std::move(question)}, deadline)).front();
  if (answer.code != LDAP_SUCCESS) return connection.refused(answer, what);
  return answer;
}

}  // namespace

Result<ServerSchema> ServerSchema::read(Connection& connection, Deadline deadline) {
  const auto root = PIGEON_TRY(ask_one(connection, {.dn = "", .types = {"subschemaSubentry"}}, deadline));
  const auto where = root.entries.empty() ? "" : root.entries.front().first("subschemaSubentry");
  if (where.empty()) return connection.unavailable("read the schema: the server does not say where it is");
  const auto answer = PIGEON_TRY(ask_one(
      connection,
      {.dn = where, .types = {"attributeTypes", "objectClasses"}, .filter = "(objectClass=subschema)"},
      deadline));
  if (answer.entries.size() != 1) return connection.unavailable("read the schema: it may not be read");
  ServerSchema schema;
  for (const auto& [name, values] : answer.entries.front().attributes) {
    for (const auto& value : values) {
      if (pigeon::same_name(name, "attributeTypes")) {
        const auto type = type_from(value);
        if (!type) continue;
        const std::string equality = type->at_equality_oid == nullptr ? "" : type->at_equality_oid;
        for (const auto& each : texts_of(type->at_names)) {
          schema.equality_[each] = equality;
          if (type->at_single_value != 0) schema.single_.insert(each);
        }
      } else if (const auto objectclass = class_from(value)) {
        auto types = texts_of(objectclass->oc_at_oids_must);
        for (auto& each : texts_of(objectclass->oc_at_oids_may)) types.push_back(std::move(each));
        for (const auto& each : texts_of(objectclass->oc_names)) schema.classes_[each] = types;
      }
    }
  }
  return schema;
}

const std::vector<std::string>* ServerSchema::types_of(const std::string& objectclass) const {
  const auto found = classes_.find(objectclass);
  return found == classes_.end() ? nullptr : &found->second;
}

bool ServerSchema::is_octets(const std::string& type) const {
  const auto found = equality_.find(type);
  return found != equality_.end() && pigeon::same_name(found->second, "octetStringMatch");
}

std::vector<std::string> ServerSchema::missing(const LdapSchema& wanted) const {
  std::vector<std::string> missing;
  for (const auto& each : wanted.types) {
    if (equality_.count(each.name) == 0)
      missing.push_back("attribute type " + each.name);
    else if (each.is_ours && !is_octets(each.name))
      missing.push_back("octetStringMatch for " + each.name);
    else if (each.is_ours && !each.is_single && is_single(each.name))
      missing.push_back("more than one value for " + each.name);
  }
  for (const auto& each : wanted.classes) {
    const auto* types = types_of(each.name);
    if (types == nullptr) missing.push_back("object class " + each.name);
    for (const auto& type : each.may) {
      if (types != nullptr && !contains(*types, type)) missing.push_back(type + " in " + each.name);
    }
  }
  return missing;
}

// The entry of cn=config that has what is ours; a new one where there is none.
Done ServerSchema::extend(Connection& connection, const LdapSchema& wanted, Deadline deadline) const {
  const auto schemas = PIGEON_TRY(ask_one(
      connection, {.dn = kSchemas, .scope = Scope::one, .types = {"olcAttributeTypes", "olcObjectClasses"}},
      deadline));
  Alteration alteration{Alteration::Kind::add, "cn=pigeon," + std::string(kSchemas)};
  auto& modifications = alteration.modifications;
  pigeon::Values types;
  pigeon::Values added;
  for (const auto& each : wanted.types) {
    if (each.is_ours && equality_.count(each.name) == 0) types.push_back(each.definition());
  }
  std::map<std::string, std::string, pigeon::NameLess>
      standing;  // class to its value in the entry that has ours
  for (const auto& entry : schemas.entries) {
    const auto found = entry.attributes.find("olcObjectClasses");
    std::map<std::string, std::string, pigeon::NameLess> here;
    for (const auto& value : found == entry.attributes.end() ? pigeon::Values() : found->second) {
      const auto parsed = class_from(without_number(value));
      for (const auto& name : parsed ? texts_of(parsed->oc_names) : pigeon::Values()) here[name] = value;
    }
    if (here.count(wanted.classes.front().name) == 0) continue;
    alteration.kind = Alteration::Kind::modify;
    alteration.dn = entry.dn;
    standing = std::move(here);
  }
  if (alteration.kind == Alteration::Kind::add) {
    modifications = {{LDAP_MOD_ADD, "objectClass", {"olcSchemaConfig"}}, {LDAP_MOD_ADD, "cn", {"pigeon"}}};
  }
  if (!types.empty()) modifications.push_back({LDAP_MOD_ADD, "olcAttributeTypes", types});
  for (auto objectclass : wanted.classes) {
    const auto* has = types_of(objectclass.name);
    const bool is_whole =
        has != nullptr && std::all_of(objectclass.may.begin(), objectclass.may.end(),
                                      [&](const auto& type) { return contains(*has, type); });
    if (is_whole) continue;
    if (const auto old = standing.find(objectclass.name); old != standing.end()) {
      modifications.push_back({LDAP_MOD_DELETE, "olcObjectClasses", {old->second}});
      for (const auto& type : has == nullptr ? std::vector<std::string>() : *has) {
        if (!contains(objectclass.may, type) && !contains(objectclass.must, type))
          objectclass.may.push_back(type);
      }
    }
    added.push_back(objectclass.definition());
  }
  if (!added.empty()) modifications.push_back({LDAP_MOD_ADD, "olcObjectClasses", added});
  // A server does not let go of a type that is in use: what is to be another one stays missing.
  if (modifications.empty()) return {};
  const auto answer = PIGEON_TRY(connection.alter(alteration, deadline));
  if (answer.code == LDAP_SUCCESS) return {};
  return connection.refused(answer, "extend the schema in cn=config");
}

}  // namespace datatree_ldap
