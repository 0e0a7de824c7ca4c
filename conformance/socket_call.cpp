// SPDX-License-Identifier: MIT
#include "conformance/socket_call.hpp"

#include <pigeon/sdk/descriptor.hpp>
#include <pigeon/sdk/text.hpp>

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace pigeon::conformance {
namespace {

bool is_of_socket(pid_t process, const SystemCall& call) {
  std::error_code ignored;  // a descriptor that is not open is no socket
  const auto descriptor =
      "/proc/" + std::to_string(process) + "/fd/" + std::to_string(static_cast<int>(call.arguments[0]));
  return starts_with(std::filesystem::read_symlink(descriptor, ignored).string(), "socket:");
}

}  // namespace

bool receives(pid_t process, const SystemCall& call) {
  if (call.number == SYS_recvfrom || call.number == SYS_recvmsg) return true;
  return (call.number == SYS_read || call.number == SYS_readv) && is_of_socket(process, call);
}

bool sends(pid_t process, const SystemCall& call) {
  if (call.number == SYS_sendto || call.number == SYS_sendmsg || call.number == SYS_sendmmsg) return true;
  return (call.number == SYS_write || call.number == SYS_writev) && is_of_socket(process, call);
}

std::string silence(pid_t process, const SystemCall& call) {
  const Fd of(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  const Fd socket(
      static_cast<int>(::syscall(SYS_pidfd_getfd, of.get(), static_cast<int>(call.arguments[0]), 0)));
  if (!socket.is_open()) return std::string("get hold of its socket: ") + strerrordesc_np(errno);
  int domain = 0;
  socklen_t size = sizeof domain;
  static_cast<void>(::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size));
  if (domain != AF_INET && domain != AF_INET6) return "it talks over a socket of this host only";
  sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog filter = {1, &nothing};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0) return {};
  const auto why = std::string("filter what arrives: ") + strerrordesc_np(errno);
  // Some kernels let only root filter. What has come over any net, this host's own among them, has fewer hops
  // left than this; only TCP looks.
  int kind = 0;
  size = sizeof kind;
  static_cast<void>(::getsockopt(socket.get(), SOL_SOCKET, SO_TYPE, &kind, &size));
  const int hops = 255;
  const int done = domain == AF_INET
                       ? ::setsockopt(socket.get(), IPPROTO_IP, IP_MINTTL, &hops, sizeof hops)
                       : ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MINHOPCOUNT, &hops, sizeof hops);
  return kind == SOCK_STREAM && done == 0 ? std::string() : why;
}

}  // namespace pigeon::conformance
