// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <pigeon/sdk/text.hpp>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

namespace mda_lmtp {
namespace {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Fd;
using pigeon::Result;

// What a look-up that is under way reads and writes. It outlives whoever has stopped waiting for it.
struct LookUp {
  std::string host;
  std::string port;
  addrinfo hints = {};
  gaicb request = {};

  LookUp(std::string a_host, std::string a_port) : host(std::move(a_host)), port(std::move(a_port)) {
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    request.ar_name = host.c_str();
    request.ar_service = port.c_str();
    request.ar_request = &hints;
  }
  LookUp(const LookUp&) = delete;
  LookUp& operator=(const LookUp&) = delete;
  LookUp(LookUp&&) = delete;
  LookUp& operator=(LookUp&&) = delete;
  ~LookUp() {
    if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
  }
};

// An address that is one needs no name server, and no thread to ask it.
bool is_number(LookUp& look_up) {
  auto hints = look_up.hints;
  hints.ai_flags |= AI_NUMERICHOST;
  return ::getaddrinfo(look_up.host.c_str(), look_up.port.c_str(), &hints, &look_up.request.ar_result) == 0;
}

pigeon::Failure not_found(const std::string& host, const std::string& why) {
  return pigeon::unavailable("look up the host " + pigeon::printable(host) + ": " + why)
      .with_remedy("see that the machine's name server answers, or write an address");
}

Result<std::unique_ptr<LookUp>> look_up(const std::string& host, const std::string& port, Deadline deadline) {
  auto asked = std::make_unique<LookUp>(host, port);
  if (is_number(*asked)) return asked;
  gaicb* request = &asked->request;
  if (const int error = ::getaddrinfo_a(GAI_NOWAIT, &request, 1, nullptr); error != 0)
    return not_found(host, ::gai_strerror(error));
  while (::gai_error(request) == EAI_INPROGRESS && !deadline.passed()) {
    const auto left = deadline.left().count();
    const timespec time = {left / 1'000'000'000, left % 1'000'000'000};
    const gaicb* waited_for = request;
    ::gai_suspend(&waited_for, 1, &time);
  }
  const int error = ::gai_error(request);
  if (error == EAI_INPROGRESS) {
    if (::gai_cancel(request) != EAI_CANCELED) static_cast<void>(asked.release());  // the resolver's now
    return not_found(host, "no answer in time");
  }
  if (error != 0) return not_found(host, ::gai_strerror(error));
  return asked;
}

Result<Fd> connect_to(const sockaddr* address, socklen_t size, int family, const std::string& shown,
                      Deadline deadline) {
  const auto tried = "connect to " + shown;
  const auto unreached = [&](int error) {
    auto met = pigeon::system_failure(tried, error);
    if (met.status == PIGEON_TEMPORARY) met.status = PIGEON_UNAVAILABLE;
    if (met.remedy.empty()) met.remedy = "start the server, or correct \"server\" of mda-lmtp";
    return met;
  };
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return unreached(errno);
  // EAGAIN: the queue of a socket in the file system is full. Nothing tells when it is not.
  constexpr timespec kMoment = {0, 20'000'000};
  int connected = pigeon::retry([&] { return ::connect(fd.get(), address, size); });
  while (connected != 0 && errno == EAGAIN && !deadline.passed()) {
    ::nanosleep(&kMoment, nullptr);
    connected = pigeon::retry([&] { return ::connect(fd.get(), address, size); });
  }
  if (connected != 0 && errno != EINPROGRESS) return unreached(errno);
  if (connected != 0) {
    if (auto done = wait_for(fd, POLLOUT, deadline); !done)
      return std::move(done).failure().while_doing(tried);
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return unreached(errno);
    if (error != 0) return unreached(error);
  }
  return fd;
}

Result<Fd> connect_by_path(const std::string& path, Deadline deadline) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, AF_UNIX, path, deadline);
}

}  // namespace

Result<Server> Server::parse(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return pigeon::misconfigured("use the server '" + pigeon::printable(text.substr(0, 200)) +
                                 "' of mda-lmtp: " + why)
        .with_remedy("write unix:/PATH, tcp:HOST:PORT or tcp:[IPV6]:PORT in \"mda-lmtp\": {\"server\"}");
  };
  if (pigeon::starts_with(text, "unix:")) {
    Server server{.path = std::string(text.substr(5)), .host = {}, .port = {}};
    if (!pigeon::starts_with(server.path, "/")) return wrong("its path does not begin with /");
    if (server.path.size() >= sizeof(sockaddr_un::sun_path))
      return wrong("its path is too long for a socket");
    if (pigeon::has_control_characters(server.path)) return wrong("its path has a control character");
    return server;
  }
  if (!pigeon::starts_with(text, "tcp:")) return wrong("it begins with neither unix: nor tcp:");
  const auto place = text.substr(4);
  const auto colon = place.rfind(':');
  if (colon == std::string_view::npos) return wrong("it has no port");
  auto host = place.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto port = pigeon::number(place.substr(colon + 1));
  if (host.empty() || host.find('[') != std::string_view::npos || pigeon::has_control_characters(host))
    return wrong("it has no host");
  if (!port || *port == 0 || *port > 65535) return wrong("its port is no number from 1 to 65535");
  return Server{.path = {}, .host = std::string(host), .port = std::to_string(*port)};
}

std::string Server::shown() const {
  if (!path.empty()) return "unix:" + path;
  return "tcp:" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

Result<Fd> Server::connect(Deadline deadline) const {
  if (!path.empty()) return connect_by_path(path, deadline);
  const auto found = PIGEON_TRY(look_up(host, port, deadline));
  Result<Fd> reached = not_found(host, "it has no address");
  std::ptrdiff_t left = 0;
  for (const auto* each = found->request.ar_result; each != nullptr; each = each->ai_next) ++left;
  for (const auto* each = found->request.ar_result; each != nullptr; each = each->ai_next, --left) {
    // One that is silent leaves time for the others.
    reached = connect_to(each->ai_addr, each->ai_addrlen, each->ai_family, shown(),
                         Deadline::in(deadline.left() / left));
    if (reached) break;
  }
  return reached;
}

Done wait_for(const Fd& fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    pollfd waited = {fd.get(), events, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(std::min<long>(left, 3'600'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return pigeon::system_failure("wait for the server", errno);
    if (deadline.passed()) return pigeon::failure(PIGEON_TIMEOUT, "the server did not answer in time");
  }
}

}  // namespace mda_lmtp
