// SPDX-License-Identifier: MIT
#include "resolver.hpp"

#include <pigeon/sdk/text.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <utility>

namespace sql_server {
namespace {

constexpr const char* kRemedy = "see that the machine's name server answers, or write an address";

// What a look-up that is under way reads and writes. It outlives whoever has stopped waiting for it.
struct LookUp {
  std::string host;
  addrinfo hints = {};
  gaicb request = {};
};

timespec in_parts(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = static_cast<time_t>(seconds.count()),
          .tv_nsec = static_cast<long>((time - seconds).count())};
}

std::string text_of(const addrinfo& found) {
  std::array<char, NI_MAXHOST> address = {};
  const int error = ::getnameinfo(found.ai_addr, found.ai_addrlen, address.data(), address.size(), nullptr, 0,
                                  NI_NUMERICHOST);
  return error == 0 ? address.data() : std::string();
}

// What needs no name server.
std::string as_address(const std::string& host) {
  const addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  auto address = text_of(*found);
  ::freeaddrinfo(found);
  return address;
}

}  // namespace

pigeon::Result<std::vector<std::string>> resolve(const std::string& host, pigeon::Deadline deadline) {
  if (auto address = as_address(host); !address.empty()) return std::vector{std::move(address)};
  const auto failed = [&](const std::string& why) {
    return pigeon::unavailable("look up the host " + pigeon::printable(host) + ": " + why)
        .with_remedy(kRemedy);
  };
  auto look_up = std::make_unique<LookUp>();
  look_up->host = host;
  look_up->hints.ai_socktype = SOCK_STREAM;
  look_up->request = {.ar_name = look_up->host.c_str(), .ar_request = &look_up->hints};
  gaicb* request = &look_up->request;
  if (const int error = ::getaddrinfo_a(GAI_NOWAIT, &request, 1, nullptr); error != 0)
    return failed(::gai_strerror(error));
  while (::gai_error(request) == EAI_INPROGRESS && !deadline.passed()) {
    const auto left = in_parts(deadline.left());
    const gaicb* waited_for = request;
    ::gai_suspend(&waited_for, 1, &left);
  }
  const int error = ::gai_error(request);
  if (error == EAI_INPROGRESS) {
    // Abandoned, it is left to the look-up.
    if (::gai_cancel(request) != EAI_CANCELED) static_cast<void>(look_up.release());
    return failed("no answer in time");
  }
  if (error != 0) return failed(::gai_strerror(error));
  std::vector<std::string> addresses;
  for (const auto* each = request->ar_result; each != nullptr; each = each->ai_next) {
    if (auto address = text_of(*each); !address.empty()) addresses.push_back(std::move(address));
  }
  ::freeaddrinfo(request->ar_result);
  if (addresses.empty()) return failed("it has no address");
  return addresses;
}

}  // namespace sql_server
