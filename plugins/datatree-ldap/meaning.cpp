// SPDX-License-Identifier: MIT
//
// What a server's refusal means for a mail, which is always that it waits; and for the administrator.
#include "connection.hpp"

#include <pigeon/sdk/text.hpp>

#include <array>

namespace datatree_ldap {
namespace {

struct Meaning {
  int code;
  pigeon_status status;
  const char* remedy;
};
constexpr std::array kMeanings = {
    Meaning{LDAP_SIZELIMIT_EXCEEDED, PIGEON_UNAVAILABLE,
            "let the server give this identity all entries (olcLimits, or `limits`: size=unlimited)"},
    Meaning{LDAP_TIMELIMIT_EXCEEDED, PIGEON_UNAVAILABLE,
            "let the server take its time for this identity (olcLimits, or `limits`: time=unlimited)"},
    Meaning{LDAP_ADMINLIMIT_EXCEEDED, PIGEON_UNAVAILABLE,
            "raise the limits of the server for this identity (olcLimits, or `limits`)"},
    Meaning{LDAP_INSUFFICIENT_ACCESS, PIGEON_MISCONFIGURED,
            "let this identity read, and where it writes write, everything below the base (olcAccess, or "
            "`access`)"},
    Meaning{LDAP_INVALID_CREDENTIALS, PIGEON_MISCONFIGURED,
            "correct \"bindDn\" and \"password\" of datatree-ldap, or set them in the directory"},
    Meaning{LDAP_CONFIDENTIALITY_REQUIRED, PIGEON_MISCONFIGURED, "set \"tls\" of datatree-ldap to always"},
    Meaning{LDAP_STRONG_AUTH_REQUIRED, PIGEON_MISCONFIGURED,
            "give datatree-ldap a \"bindDn\" and a \"password\""},
    Meaning{LDAP_OBJECT_CLASS_VIOLATION, PIGEON_MISCONFIGURED,
            "load what `pigeonctl schema ldap` prints into the server; see `pigeonctl schema json` for what "
            "each class has"},
    Meaning{LDAP_UNDEFINED_TYPE, PIGEON_MISCONFIGURED,
            "load what `pigeonctl schema ldap` prints into the server; see `pigeonctl schema json` for what "
            "each class has"},
    Meaning{LDAP_INVALID_SYNTAX, PIGEON_MISCONFIGURED,
            "load what `pigeonctl schema ldap` prints into the server; see `pigeonctl schema json` for what "
            "each class has"},
    Meaning{LDAP_CONSTRAINT_VIOLATION, PIGEON_MISCONFIGURED,
            "see `pigeonctl schema json` for what each class has"},
    Meaning{LDAP_UNWILLING_TO_PERFORM, PIGEON_UNAVAILABLE, "see whether the server is read-only"},
    Meaning{LDAP_UNAVAILABLE_CRITICAL_EXTENSION, PIGEON_MISCONFIGURED,
            "use a server that has the assertion control (RFC 4528) and paged results (RFC 2696)"},
    Meaning{LDAP_BUSY, PIGEON_UNAVAILABLE, ""},
};

}  // namespace

Failure Connection::refused(const Answer& answer, const std::string& tried) const {
  auto met = unavailable(tried + ": " + ldap_err2string(answer.code) +
                         (answer.text.empty() ? "" : " (" + pigeon::printable(answer.text) + ")"));
  for (const auto& meaning : kMeanings) {
    if (meaning.code != answer.code) continue;
    met.status = meaning.status;
    met.remedy = meaning.remedy;
  }
  return met;
}

}  // namespace datatree_ldap
