// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "plugins/datatree-ldap/dn.hpp"

#include <string>

using datatree_ldap::dn_of;
using datatree_ldap::parse_dn;
using datatree_ldap::path_of;
using pigeon::TreePath;
using pigeon::fuzz::require;

namespace {

constexpr const char* kBase = "ou=mail,dc=example,dc=com";

// Any octets stand in a DN as themselves, and end nothing.
void check_value(const std::string& value) {
  const auto escaped = datatree_ldap::dn_value(value);
  require(escaped.find('\0') == std::string::npos, "a DN has no NUL");
  const auto dn = parse_dn("pigeonName=" + escaped + "," + kBase);
  if (value.empty()) return;
  require(dn && dn->size() == 4, "a value is one RDN");
  require(dn->front() == datatree_ldap::Rdn{"pigeonName", value}, "a value is read back to the octet");
}

void check_filter(const std::string& value) {
  const auto escaped = datatree_ldap::filter_value(value);
  require(escaped.find_first_of("*()") == std::string::npos && escaped.find('\0') == std::string::npos,
          "nothing in a filter ends it or matches anything");
  std::string back;
  for (std::size_t at = 0; at < escaped.size(); ++at) {
    if (escaped[at] != '\\') {
      back += escaped[at];
      continue;
    }
    require(at + 2 < escaped.size(), "an escape is whole");
    back += static_cast<char>(std::stoi(escaped.substr(at + 1, 2), nullptr, 16));
    at += 2;
  }
  require(back == value, "a value is read back to the octet");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(pigeon::fuzz::text_of(bytes, size));
  check_value(text);
  check_filter(text);
  const auto base = parse_dn(kBase);
  if (TreePath::is_name(text)) {
    const auto path = TreePath().child(text).child("b");
    require(path_of(*parse_dn(dn_of(path, kBase)), *base) == path, "a path is read back from its DN");
  }
  // What a server says: whatever it is, a path from it is one, and its own DN leads back to it.
  const auto entry = parse_dn(text);
  if (!entry) return 0;
  const auto path = path_of(*entry, *base);
  if (path)
    require(path_of(*parse_dn(dn_of(*path, kBase)), *base) == path, "the DN of a path means the path");
  return 0;
}
