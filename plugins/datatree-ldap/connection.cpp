// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include "resolver.hpp"

#include <pigeon/sdk/text.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace datatree_ldap {
namespace {

timeval left_of(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline.left()).count();
  return {left / 1'000'000, left % 1'000'000};
}

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

std::string diagnostic_of(LDAP* ld) {
  char* text = nullptr;
  ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, static_cast<void*>(&text));
  auto copied = text_of(text);
  ldap_memfree(text);
  return copied;
}

// Options of a handle. What the machine's ldap.conf, the user's .ldaprc and the environment say about
// certificates must not weaken what is set here.
bool set_option(LDAP* ld, int option, int value) {
  return ldap_set_option(ld, option, &value) == LDAP_OPT_SUCCESS;
}
bool set_option(LDAP* ld, int option, const std::string& value) {
  return value.empty() || ldap_set_option(ld, option, value.c_str()) == LDAP_OPT_SUCCESS;
}

// Where systems keep the certificates of those whom they trust. Of itself libldap trusts nobody.
constexpr std::array kAuthorities = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

std::string authorities_for(const Tls& tls) {
  if (!tls.ca_file.empty()) return tls.ca_file;
  const auto* found = std::find_if(kAuthorities.begin(), kAuthorities.end(),
                                   [](const char* file) { return ::access(file, R_OK) == 0; });
  return found == kAuthorities.end() ? "" : *found;
}

bool set_tls(LDAP* ld, const Tls& tls) {
  return set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_HARD) &&
         set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, LDAP_OPT_X_TLS_PROTOCOL(3, 3)) &&
         set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, authorities_for(tls)) &&
         set_option(ld, LDAP_OPT_X_TLS_CERTFILE, tls.certificate) &&
         set_option(ld, LDAP_OPT_X_TLS_KEYFILE, tls.key) && set_option(ld, LDAP_OPT_X_TLS_NEWCTX, 0);
}

}  // namespace

Failure Connection::unavailable(const std::string& what) const {
  return pigeon::unavailable(uri_ + ": " + what);
}

Failure Connection::broken(const std::string& tried, int code) const {
  const auto said = diagnostic_of(ld_.get());
  auto met = unavailable(tried + ": " + ldap_err2string(code) + (said.empty() ? "" : " (" + said + ")"));
  if (code == LDAP_TIMEOUT) met.status = PIGEON_TIMEOUT;
  return met;
}

// The library seldom says what it has against a certificate.
Failure Connection::without_tls(int code) const {
  return broken("start TLS", code)
      .with_remedy(
          "see whether the server can be reached, and its certificate is in date, names the host as the URI "
          "does, and is signed by \"caFile\"");
}

Result<Connection> Connection::open(const Server& server, const Tls& tls, Deadline deadline) {
  const WithoutPipeSignal guard;
  Connection connection(server.uri);
  const auto place = place_of(server.uri);
  if (!place) return pigeon::misconfigured(server.uri + " is not the URI of a server");
  const auto addresses = PIGEON_TRY(resolve(*place, deadline));
  const bool is_tls = place->scheme == "ldaps";
  const bool is_wanted =
      tls.when == Tls::When::always || (tls.when == Tls::When::automatic && !place->is_on_this_machine());
  const bool starts_tls = place->scheme == "ldap" && is_wanted;
  // The library gives each address all of the time.
  const auto patience = Deadline::in(deadline.left() / addresses);
  PIGEON_TRY(connection.connect(tls, is_tls || starts_tls, patience));
  if (starts_tls) PIGEON_TRY(connection.start_tls(deadline));
  PIGEON_TRY(connection.bind(server.credentials, deadline));
  return connection;
}

Done Connection::connect(const Tls& tls, bool is_encrypted, Deadline deadline) {
  LDAP* made = nullptr;
  if (const int code = ldap_initialize(&made, uri_.c_str()); code != LDAP_SUCCESS) {
    return unavailable(std::string("prepare: ") + ldap_err2string(code));
  }
  ld_.reset(made);
  const auto time = left_of(deadline);
  const bool is_set = set_option(made, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3) &&
                      set_option(made, LDAP_OPT_DEREF, LDAP_DEREF_NEVER) &&
                      ldap_set_option(made, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
                      ldap_set_option(made, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
                      ldap_set_option(made, LDAP_OPT_NETWORK_TIMEOUT, &time) == LDAP_OPT_SUCCESS;
  if (!is_set) return unavailable("prepare: libldap takes no options");
  if (is_encrypted && !set_tls(made, tls)) {
    return pigeon::misconfigured(uri_ + ": prepare TLS: " + diagnostic_of(made))
        .with_remedy("see whether \"caFile\", \"certificate\" and \"key\" of datatree-ldap can be read");
  }
  if (const int code = ldap_connect(made); code != LDAP_SUCCESS) {
    return place_of(uri_)->scheme == "ldaps" ? without_tls(code) : broken("connect", code);
  }
  let_wait(false);
  return {};
}

// A read or a write that has to wait would not end by any deadline: so the socket waits for nothing, and
// libldap polls.
void Connection::let_wait(bool waits) {
  int fd = -1;
  if (ldap_get_option(ld_.get(), LDAP_OPT_DESC, &fd) != LDAP_OPT_SUCCESS || fd < 0) return;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) static_cast<void>(::fcntl(fd, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

Done Connection::start_tls(Deadline deadline) {
  int id = 0;
  if (const int code = ldap_start_tls(ld_.get(), nullptr, nullptr, &id); code != LDAP_SUCCESS) {
    return broken("start TLS", code);
  }
  const auto answer = PIGEON_TRY(wait(id, deadline));
  if (answer.code != LDAP_SUCCESS) return refused(answer, "start TLS");
  const auto time = left_of(deadline);
  ldap_set_option(ld_.get(), LDAP_OPT_NETWORK_TIMEOUT, &time);
  let_wait(true);  // the handshake minds the network timeout itself
  const int code = ldap_install_tls(ld_.get());
  if (code != LDAP_SUCCESS) return without_tls(code);
  let_wait(false);
  return {};
}

Done Connection::bind(const Credentials& credentials, Deadline deadline) {
  if (credentials.how == Credentials::How::anonymous) return {};
  int id = 0;
  int code = LDAP_SUCCESS;
  if (credentials.how == Credentials::How::external) {
    // Empty, and there: we are who the server sees.
    std::string empty;
    berval nobody = {0, empty.data()};
    code = ldap_sasl_bind(ld_.get(), nullptr, "EXTERNAL", &nobody, nullptr, nullptr, &id);
  } else {
    auto password = credentials.password;
    berval lent = {password.size(), password.data()};
    code = ldap_sasl_bind(ld_.get(), credentials.dn.c_str(), LDAP_SASL_SIMPLE, &lent, nullptr, nullptr, &id);
  }
  if (code != LDAP_SUCCESS) return broken("bind", code);
  const auto answer = PIGEON_TRY(wait(id, deadline));
  if (answer.code == LDAP_SUCCESS) return {};
  auto met = refused(answer, "bind");
  met.status =
      answer.code == LDAP_BUSY || answer.code == LDAP_UNAVAILABLE ? PIGEON_UNAVAILABLE : PIGEON_MISCONFIGURED;
  if (met.remedy.empty())
    met.remedy = "correct \"bindDn\" and \"password\" of datatree-ldap, or set them in the directory";
  return met;
}

Result<Connection::Message> Connection::next(Deadline deadline) {
  auto time = left_of(deadline);
  LDAPMessage* message = nullptr;
  const int kind = ldap_result(ld_.get(), LDAP_RES_ANY, LDAP_MSG_ONE, &time, &message);
  Message owned(message);
  if (kind == 0) return broken("wait for an answer", LDAP_TIMEOUT);
  if (kind < 0) {
    int code = LDAP_OTHER;
    ldap_get_option(ld_.get(), LDAP_OPT_RESULT_CODE, &code);
    return broken("wait for an answer", code);
  }
  // Not asked for: the server tells that it is going.
  if (ldap_msgid(message) == 0) return unavailable("the server has closed the connection");
  return owned;
}

Result<Answer> Connection::wait(int id, Deadline deadline) {
  Answer answer;
  for (;;) {
    const auto message = PIGEON_TRY(next(deadline));
    if (ldap_msgid(message.get()) != id || ldap_msgtype(message.get()) == LDAP_RES_INTERMEDIATE) continue;
    PIGEON_TRY(take_result(message.get(), answer));
    return answer;
  }
}

}  // namespace datatree_ldap
