// SPDX-License-Identifier: MIT
//
// What classes and attributes of the tree are called in LDAP, and back: "mailUser" is pigeonMailUser there,
// "home" is pigeonHome, or what the administrator's map says instead.
#pragma once

#include "dn.hpp"

#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace datatree_ldap {

using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

class Vocabulary {
 public:
  Vocabulary() = default;
  // "NAME=TYPE" each, as in the setting `map`.
  static Result<Vocabulary> of(std::span<const std::string> map);

  // REQUIRES, of both: a key string.
  [[nodiscard]] std::string type_of(std::string_view attribute) const;
  [[nodiscard]] static std::string class_type_of(std::string_view objectclass);
  // Nothing for what does not belong to the tree.
  [[nodiscard]] std::optional<std::string> attribute_of(std::string_view type) const;
  [[nodiscard]] static std::optional<std::string> class_of(std::string_view type);
  // Whether an attribute stands under a type that is not ours to define.
  [[nodiscard]] bool is_mapped(std::string_view attribute) const { return types_.count(attribute) != 0; }

 private:
  std::map<std::string, std::string, pigeon::NameLess> types_;       // by attribute
  std::map<std::string, std::string, pigeon::NameLess> attributes_;  // by type
};

}  // namespace datatree_ldap
