// SPDX-License-Identifier: MIT
//
// A server for a datatree to ask, in the same process: for mutants that get the asking wrong.
#pragma once

#include <pigeon/sdk/file.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>

namespace specimen {

// Whether an answer came.
inline bool ask_server(std::chrono::seconds patience) {
  const pigeon::Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const pigeon::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval longest = {patience.count(), 0};
  for (const int each : {SO_RCVTIMEO, SO_SNDTIMEO})
    static_cast<void>(::setsockopt(client.get(), SOL_SOCKET, each, &longest, sizeof longest));
  sockaddr_in place = {};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  auto* address = reinterpret_cast<sockaddr*>(&place);
  if (::bind(server.get(), address, size) != 0 || ::listen(server.get(), 1) != 0) return false;
  if (::getsockname(server.get(), address, &size) != 0 || ::connect(client.get(), address, size) != 0)
    return false;
  const pigeon::Fd served(::accept(server.get(), nullptr, nullptr));
  char octet = '?';
  return ::send(client.get(), &octet, 1, 0) == 1 && ::recv(served.get(), &octet, 1, 0) == 1 &&
         ::send(served.get(), &octet, 1, 0) == 1 && ::recv(client.get(), &octet, 1, 0) == 1;
}

}  // namespace specimen
