// SPDX-License-Identifier: MIT
//
// What the words of the tree are called in LDAP, in a directory as in LDIF: the class "mailUser" is
// pigeonMailUser there, the attribute "home" is pigeonHome, and an object is named by its pigeonName.
#pragma once

#include <pigeon/sdk/text.hpp>

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

// A value in a DN (RFC 4514, section 2.4), any octets: what is neither a plain character nor part of
// well-formed UTF-8 as "\XX".
inline std::string dn_value(std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.@").find(c) != std::string_view::npos;
  };
  std::string escaped;
  while (!value.empty()) {
    const auto length = utf8_sequence(value);
    const auto byte = static_cast<unsigned char>(value.front());
    if (length > 1) {
      escaped += value.substr(0, length);
    } else if (is_plain(value.front())) {
      escaped += value.front();
    } else {
      escaped += {'\\', kHex[byte >> 4U], kHex[byte & 15U]};
    }
    value.remove_prefix(length > 1 ? length : 1);
  }
  return escaped;
}

}  // namespace pigeon::inline v0
