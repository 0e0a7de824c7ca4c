// SPDX-License-Identifier: MIT
#include "dn.hpp"

#include <ldap.h>

#include <algorithm>
#include <memory>

namespace datatree_ldap {
namespace {

struct FreeDn {
  void operator()(LDAPRDN* dn) const { ldap_dnfree(dn); }
};

std::string text_of(const berval& value) {
  return value.bv_len == 0 ? std::string() : std::string(value.bv_val, value.bv_len);
}

Rdn rdn_of(LDAPRDN rdn) {
  // RDNs and DNs are arrays that end with a null pointer.
  if (rdn == nullptr || rdn[0] == nullptr || rdn[1] != nullptr) return {};
  const auto& pair = *rdn[0];
  if ((pair.la_flags & LDAP_AVA_BINARY) != 0) return {};
  return {text_of(pair.la_attr), text_of(pair.la_value)};
}

bool is_name(const Rdn& rdn) {
  return pigeon::same_name(rdn.type, kNameType) && TreePath::is_name(rdn.value);
}

// Above the tree, types and values are of any syntax; nearly all of them compare without case.
bool are_alike(const Rdn& a, const Rdn& b) {
  if (pigeon::same_name(a.type, kNameType) != pigeon::same_name(b.type, kNameType)) return false;
  if (pigeon::same_name(a.type, kNameType)) return a.value == b.value;
  return pigeon::same_name(a.type, b.type) && pigeon::same_name(a.value, b.value);
}

}  // namespace

std::string filter_value(std::string_view value) {
  std::string escaped;
  for (const char c : value) escaped += pigeon::ldap_escaped(c);
  return escaped;
}

std::string equality(std::string_view type, std::string_view value) {
  return "(" + std::string(type) + "=" + filter_value(value) + ")";
}

std::optional<Dn> parse_dn(std::string_view text) {
  // The library takes a DN with a NUL in it for a shorter one.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::string own(text);
  berval lent = {own.size(), own.data()};
  LDAPDN parsed = nullptr;
  if (ldap_bv2dn(&lent, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS) return std::nullopt;
  const std::unique_ptr<LDAPRDN, FreeDn> owned(parsed);
  Dn dn;
  for (auto* rdn = parsed; rdn != nullptr && *rdn != nullptr; ++rdn) dn.push_back(rdn_of(*rdn));
  return dn;
}

std::optional<TreePath> path_of(const Dn& entry, const Dn& base, const TreePath& at) {
  if (entry.size() < base.size()) return std::nullopt;
  const auto above = entry.end() - static_cast<std::ptrdiff_t>(base.size());
  if (!std::equal(base.begin(), base.end(), above, are_alike)) return std::nullopt;
  auto path = at;
  for (auto rdn = above; rdn != entry.begin();) {
    --rdn;
    if (!is_name(*rdn) || path.depth() == TreePath::kDeepest) return std::nullopt;
    path = path.child(rdn->value);
  }
  return path;
}

}  // namespace datatree_ldap
