// SPDX-License-Identifier: MIT
//
// One search of the user's entry by its DN: the least that can be asked.
#include "bench/client.hpp"
#include "bench/lookup.hpp"

#include <ldap.h>

#include <array>

namespace pigeon::bench {
namespace {

void check(int code, const std::string& tried) {
  if (code != LDAP_SUCCESS) die(tried + ": " + ldap_err2string(code));
}

std::string home_of(LDAP* ld, const std::string& dn) {
  LDAPMessage* raw = nullptr;
  check(ldap_search_ext_s(ld, dn.c_str(), LDAP_SCOPE_BASE, nullptr, nullptr, 0, nullptr, nullptr, nullptr, 0,
                          &raw),
        "search " + dn);
  const std::unique_ptr<LDAPMessage, decltype(&ldap_msgfree)> answer(raw, ldap_msgfree);
  berval** came = ldap_get_values_len(ld, ldap_first_entry(ld, raw), "pigeonHome");
  if (came == nullptr || *came == nullptr) die(dn + " has no home");
  std::string home((*came)->bv_val, (*came)->bv_len);
  ldap_value_free_len(came);
  return home;
}

}  // namespace

Ask ldap_client(const std::vector<std::string>& arguments) {
  if (arguments.size() != 4) die("ldap takes URI BIND-DN PASSWORD DN");
  LDAP* made = nullptr;
  check(ldap_initialize(&made, arguments[0].c_str()), "prepare " + arguments[0]);
  const std::shared_ptr<LDAP> ld(made, [](LDAP* each) { ldap_unbind_ext_s(each, nullptr, nullptr); });
  const int version = LDAP_VERSION3;
  check(ldap_set_option(made, LDAP_OPT_PROTOCOL_VERSION, &version), "prepare " + arguments[0]);
  auto password = arguments[2];
  berval lent = {password.size(), password.data()};
  check(ldap_sasl_bind_s(made, arguments[1].c_str(), LDAP_SASL_SIMPLE, &lent, nullptr, nullptr, nullptr),
        "bind as " + arguments[1]);
  return [ld, below = arguments[3]](const std::string& user) {
    return home_of(ld.get(), "pigeonName=" + user + "," + below);
  };
}

}  // namespace pigeon::bench
