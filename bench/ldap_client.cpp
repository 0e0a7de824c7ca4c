// SPDX-License-Identifier: MIT
//
// One search of the user's entry by its DN, or two: of the entry and of what is below it.
#include "bench/client.hpp"
#include "bench/lookup.hpp"

#include <ldap.h>

#include <array>

namespace pigeon::bench {
namespace {

void check(int code, const std::string& tried) {
  if (code != LDAP_SUCCESS) die(tried + ": " + ldap_err2string(code));
}

using Message = std::unique_ptr<LDAPMessage, decltype(&ldap_msgfree)>;

std::string home_in(LDAP* ld, LDAPMessage* entry, const std::string& dn) {
  berval** came = ldap_get_values_len(ld, entry, "pigeonHome");
  if (came == nullptr || *came == nullptr) die(dn + " has no home");
  std::string home((*came)->bv_val, (*came)->bv_len);
  ldap_value_free_len(came);
  return home;
}

std::string home_of(LDAP* ld, const std::string& dn) {
  LDAPMessage* raw = nullptr;
  check(ldap_search_ext_s(ld, dn.c_str(), LDAP_SCOPE_BASE, nullptr, nullptr, 0, nullptr, nullptr, nullptr, 0,
                          &raw),
        "search " + dn);
  const Message answer(raw, ldap_msgfree);
  return home_in(ld, ldap_first_entry(ld, raw), dn);
}

// Every value of every attribute, as whoever wants the object has to.
std::size_t read_entry(LDAP* ld, LDAPMessage* entry) {
  std::size_t octets = 0;
  BerElement* at = nullptr;
  for (char* type = ldap_first_attribute(ld, entry, &at); type != nullptr;
       type = ldap_next_attribute(ld, entry, at)) {
    berval** values = ldap_get_values_len(ld, entry, type);
    for (int index = 0; index < ldap_count_values_len(values); ++index)
      octets += std::string(values[index]->bv_val, values[index]->bv_len).size();
    ldap_value_free_len(values);
    ldap_memfree(type);
  }
  ber_free(at, 0);
  return octets;
}

std::string home_of_slice(LDAP* ld, const std::string& dn, const std::string& filter,
                          std::vector<std::string> types) {
  std::vector<char*> wanted;
  for (auto& type : types) wanted.push_back(type.data());
  wanted.push_back(nullptr);
  std::array<int, 2> asked = {};
  std::array<int, 2> scopes = {LDAP_SCOPE_BASE, LDAP_SCOPE_ONELEVEL};
  for (std::size_t index = 0; index < asked.size(); ++index) {
    const auto* of_level = scopes.at(index) == LDAP_SCOPE_BASE ? nullptr : filter.c_str();
    check(ldap_search_ext(ld, dn.c_str(), scopes.at(index), of_level, wanted.data(), 0, nullptr, nullptr,
                          nullptr, 0, &asked.at(index)),
          "search " + dn);
  }
  std::string home;
  for (const int each : asked) {
    LDAPMessage* raw = nullptr;
    if (ldap_result(ld, each, LDAP_MSG_ALL, nullptr, &raw) <= 0) die("no answer for " + dn);
    const Message answer(raw, ldap_msgfree);
    for (auto* entry = ldap_first_entry(ld, raw); entry != nullptr; entry = ldap_next_entry(ld, entry)) {
      if (read_entry(ld, entry) == 0) die(dn + " is empty");
      if (home.empty()) home = home_in(ld, entry, dn);
    }
  }
  return home;
}

}  // namespace

Ask ldap_client(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4) die("ldap takes URI BIND-DN PASSWORD DN [FILTER TYPE...]");
  LDAP* made = nullptr;
  check(ldap_initialize(&made, arguments[0].c_str()), "prepare " + arguments[0]);
  const std::shared_ptr<LDAP> ld(made, [](LDAP* each) { ldap_unbind_ext_s(each, nullptr, nullptr); });
  const int version = LDAP_VERSION3;
  check(ldap_set_option(made, LDAP_OPT_PROTOCOL_VERSION, &version), "prepare " + arguments[0]);
  auto password = arguments[2];
  berval lent = {password.size(), password.data()};
  check(ldap_sasl_bind_s(made, arguments[1].c_str(), LDAP_SASL_SIMPLE, &lent, nullptr, nullptr, nullptr),
        "bind as " + arguments[1]);
  const bool is_slice = arguments.size() > 4;
  const auto filter = is_slice ? arguments[4] : "";
  const std::vector<std::string> types(arguments.begin() + (is_slice ? 5 : 4), arguments.end());
  return [ld, filter, types, below = arguments[3]](const std::string& user) {
    const auto dn = "pigeonName=" + user + "," + below;
    return types.empty() ? home_of(ld.get(), dn) : home_of_slice(ld.get(), dn, filter, types);
  };
}

}  // namespace pigeon::bench
