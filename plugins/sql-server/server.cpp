// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/values.hpp>

namespace sql_server {

using pigeon::Result;

Result<Server> Server::parse(std::string_view text) {
  constexpr unsigned kPort = 3306;
  if (pigeon::starts_with(text, "/")) return Server{.host = "", .socket = std::string(text)};
  const auto wrong = [&] {
    return pigeon::misconfigured("'" + pigeon::printable(text) + "' is not a server")
        .with_remedy("write HOST, HOST:PORT, [IPV6]:PORT or the path of a socket in \"hosts\"");
  };
  Server server{.host = "", .port = kPort, .socket = {}};
  std::string_view rest;
  if (pigeon::starts_with(text, "[")) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return wrong();
    server.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    server.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (server.host.empty() || pigeon::has_control_characters(server.host)) return wrong();
  if (rest.empty()) return server;
  const auto port = pigeon::number(rest.substr(1));
  if (rest.front() != ':' || !port || *port == 0 || *port > 65535) return wrong();
  server.port = static_cast<unsigned>(*port);
  return server;
}

std::string Server::shown() const {
  if (!socket.empty()) return socket;
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Account> Account::of(const pigeon::Settings& settings, std::string plugin) {
  Account account;
  account.plugin = std::move(plugin);
  for (const auto& each : settings.all("hosts")) account.servers.push_back(PIGEON_TRY(Server::parse(each)));
  account.database = settings.text("database");
  account.user = settings.text("user");
  account.password = settings.text("password");
  account.tls = settings.text("tls") == "verify"    ? Tls::verify
                : settings.text("tls") == "encrypt" ? Tls::encrypt
                                                    : Tls::off;
  account.authorities = settings.text("tlsAuthorities");
  account.certificate = settings.text("tlsCertificate");
  account.key = settings.text("tlsKey");
  account.connect_time = settings.time("connectTimeout");
  account.answer_time = settings.time("answerTimeout");
  return account;
}

}  // namespace sql_server
