// SPDX-License-Identifier: MIT
#include "resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace datatree_ldap {
namespace {

// What the resolver works on. It goes on working on it when nobody waits any more.
struct Lookup {
  std::string host;
  addrinfo hints = {};
  gaicb request = {};

  explicit Lookup(std::string name) : host(std::move(name)) {
    hints.ai_socktype = SOCK_STREAM;
    request.ar_name = host.c_str();
    request.ar_request = &hints;
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  Lookup(Lookup&&) = delete;
  Lookup& operator=(Lookup&&) = delete;
  ~Lookup() {
    if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
  }
};

bool is_number(const std::string& host) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

}  // namespace

pigeon::Result<unsigned> resolve(const Place& place, pigeon::Deadline deadline) {
  if (place.scheme == "ldapi" || is_number(place.host)) return 1U;
  auto lookup = std::make_unique<Lookup>(place.host);
  std::array<gaicb*, 1> requests = {&lookup->request};
  if (const int code = ::getaddrinfo_a(GAI_NOWAIT, requests.data(), 1, nullptr); code != 0) {
    return pigeon::unavailable("look up " + place.host + ": " + ::gai_strerror(code));
  }
  for (int code = EAI_INPROGRESS; code == EAI_INPROGRESS; code = ::gai_error(&lookup->request)) {
    if (deadline.passed() && ::gai_cancel(&lookup->request) != EAI_CANCELED) {
      if (::gai_error(&lookup->request) != EAI_INPROGRESS) break;
      static_cast<void>(lookup.release());  // the resolver's, for as long as the process lasts
      return pigeon::failure(PIGEON_TIMEOUT, "look up " + place.host + ": the resolver does not answer")
          .with_remedy("see /etc/resolv.conf, or name the server by its address");
    }
    const auto left = deadline.left().count();
    const timespec time = {left / 1'000'000'000, left % 1'000'000'000};
    const std::array<const gaicb*, 1> waited = {&lookup->request};
    static_cast<void>(::gai_suspend(waited.data(), 1, &time));
  }
  const int code = ::gai_error(&lookup->request);
  if (code == 0) {
    unsigned count = 0;
    for (const auto* each = lookup->request.ar_result; each != nullptr; each = each->ai_next) ++count;
    return std::max(count, 1U);
  }
  return pigeon::unavailable("look up " + place.host + ": " + ::gai_strerror(code))
      .with_remedy("see whether the name is right, and the resolver works");
}

}  // namespace datatree_ldap
