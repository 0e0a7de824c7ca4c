// SPDX-License-Identifier: MIT
//
// Names and values as they stand in a DN (RFC 4514) and in a filter (RFC 4515): the one place where either is
// written or read.
#pragma once

#include <pigeon/sdk/ldap_words.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace datatree_ldap {

using pigeon::TreePath;

inline constexpr std::string_view kNameType = pigeon::kLdapNameType;
inline constexpr const char* kLockType = pigeon::kLdapLockType.data();

using pigeon::dn_of;
using pigeon::dn_value;
// A value in a filter, any octets.
std::string filter_value(std::string_view value);

// "(type=value)", for any octets.
std::string equality(std::string_view type, std::string_view value);

struct Rdn {
  std::string type;   // empty for one that cannot be of ours: several pairs, or a value in BER
  std::string value;  // as it is, not escaped
  friend bool operator==(const Rdn&, const Rdn&) = default;
};
// From the entry up to the top.
using Dn = std::vector<Rdn>;

// Nothing if this is no DN.
std::optional<Dn> parse_dn(std::string_view text);

// The path of an entry below `base`, whose own path is `at`; nothing if it is not below it, or has a name
// that no object has. In the names of the tree every octet counts; above them, the server has compared.
std::optional<TreePath> path_of(const Dn& entry, const Dn& base, const TreePath& at = {});

}  // namespace datatree_ldap
