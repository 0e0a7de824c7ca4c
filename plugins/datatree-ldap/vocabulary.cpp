// SPDX-License-Identifier: MIT
#include "vocabulary.hpp"

#include <pigeon/sdk/ldap_words.hpp>
#include <pigeon/sdk/text.hpp>

namespace datatree_ldap {
namespace {

Failure wrong(const std::string& entry, const std::string& why) {
  return pigeon::misconfigured("setting 'map' of datatree-ldap: '" + pigeon::printable(entry) + "' " + why)
      .with_remedy("write NAME=TYPE, such as home=homeDirectory");
}

}  // namespace

Result<Vocabulary> Vocabulary::of(std::span<const std::string> map) {
  Vocabulary vocabulary;
  for (const auto& entry : map) {
    const auto at = entry.find('=');
    const auto name = entry.substr(0, at);
    const auto type = at == std::string::npos ? std::string() : entry.substr(at + 1);
    if (!pigeon::is_key_string(name) || !pigeon::is_key_string(type))
      return wrong(entry, "maps no name to a type");
    if (pigeon::same_name(name, "name"))
      return wrong(entry, "maps what every object is named by, pigeonName");
    if (pigeon::same_name(type.substr(0, pigeon::kLdapPrefix.size()), pigeon::kLdapPrefix))
      return wrong(entry, "maps to a type of ours");
    if (!vocabulary.types_.emplace(name, type).second || !vocabulary.attributes_.emplace(type, name).second) {
      return wrong(entry, "maps a name, or to a type, a second time");
    }
  }
  return vocabulary;
}

std::string Vocabulary::type_of(std::string_view attribute) const {
  const auto found = types_.find(attribute);
  return found == types_.end() ? pigeon::ldap_word(attribute) : found->second;
}

std::string Vocabulary::class_type_of(std::string_view objectclass) {
  return pigeon::ldap_word(objectclass);
}

std::optional<std::string> Vocabulary::attribute_of(std::string_view type) const {
  if (const auto found = attributes_.find(type); found != attributes_.end()) return found->second;
  if (pigeon::same_name(type, kNameType)) return std::nullopt;
  auto name = pigeon::word_of_ldap(type);
  // What is mapped elsewhere does not also stand here.
  if (name && is_mapped(*name)) return std::nullopt;
  return name;
}

std::optional<std::string> Vocabulary::class_of(std::string_view type) {
  return pigeon::word_of_ldap(type);
}

}  // namespace datatree_ldap
