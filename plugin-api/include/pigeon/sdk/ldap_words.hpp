// SPDX-License-Identifier: MIT
//
// What the words of the tree are called in LDAP, in a directory as in LDIF: the class "mailUser" is
// pigeonMailUser there, the attribute "home" is pigeonHome, and an object is named by its pigeonName.
#pragma once

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace pigeon::inline v0 {

inline constexpr std::string_view kLdapPrefix = "pigeon";
// What names an object among those of its level. Compared as octets.
inline constexpr std::string_view kLdapNameType = "pigeonName";
// The token of a lock stands in its object. No attribute of the tree is called so: their names begin with a
// letter, and follow the prefix at once.
inline constexpr std::string_view kLdapLockType = "pigeon-lock";

// REQUIRES: a key string.
inline std::string ldap_word(std::string_view word) {
  std::string type(kLdapPrefix);
  type += word;
  const char first = ascii_lower(word.front());
  type[kLdapPrefix.size()] = static_cast<char>(first - 'a' + 'A');
  return type;
}

// And back; nothing for what is none of ours.
inline std::optional<std::string> word_of_ldap(std::string_view type) {
  if (type.size() <= kLdapPrefix.size() || !same_name(type.substr(0, kLdapPrefix.size()), kLdapPrefix)) {
    return std::nullopt;
  }
  std::string word(type.substr(kLdapPrefix.size()));
  word.front() = ascii_lower(word.front());
  return is_key_string(word) ? std::optional(word) : std::nullopt;
}

// A character as it may stand in a DN and in a filter: itself if it is plain, else as "\XX".
inline std::string ldap_escaped(char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        std::string_view("-_.@").find(c) != std::string_view::npos;
  const auto byte = static_cast<unsigned char>(c);
  return is_plain ? std::string(1, c) : std::string{'\\', kHex[byte >> 4U], kHex[byte & 15U]};
}

// A value in a DN (RFC 4514, section 2.4), any octets: what is neither a plain character nor part of
// well-formed UTF-8 is escaped.
inline std::string dn_value(std::string_view value) {
  std::string escaped;
  while (!value.empty()) {
    const auto length = utf8_sequence(value);
    if (length > 1) {
      escaped += value.substr(0, length);
    } else {
      escaped += ldap_escaped(value.front());
    }
    value.remove_prefix(length > 1 ? length : 1);
  }
  return escaped;
}

// The DN of an object of the tree whose root is the entry `base`.
inline std::string dn_of(const TreePath& path, std::string_view base) {
  std::string dn(base);
  for (const auto& name : path.names()) {
    // The other way round: the deepest comes first.
    dn.insert(0, std::string(kLdapNameType) + "=" + dn_value(name) + (dn.empty() ? "" : ","));
  }
  return dn;
}

}  // namespace pigeon::inline v0
