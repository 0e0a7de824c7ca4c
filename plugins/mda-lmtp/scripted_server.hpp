// SPDX-License-Identifier: MIT
//
// A server for tests, in a thread: it goes by the book except where a test says otherwise.
#pragma once

#include <pigeon/sdk/descriptor.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace mda_lmtp::testing {

struct Taken {
  std::string sender;  // the command
  std::vector<std::string> recipients;
  std::string text;  // as it came, without the "." at the end
};

class ScriptedServer {
 public:
  // What it says to a command; nothing: it closes the connection. "": it says nothing. For the end of a
  // message it is asked with "." and the recipient, once for each that was accepted.
  using Answer = std::function<std::optional<std::string>(const std::string& command)>;

  explicit ScriptedServer(const std::string& path, Answer answer = usual) : answer_(std::move(answer)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = pigeon::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    static_cast<void>(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    static_cast<void>(::listen(listener_.get(), 8));
    thread_ = std::jthread([this] { serve(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ScriptedServer(ScriptedServer&&) = delete;
  ScriptedServer& operator=(ScriptedServer&&) = delete;
  ~ScriptedServer() { is_over_ = true; }

  static std::optional<std::string> usual(const std::string& command) {
    const auto is = [&](const char* word) { return command.rfind(word, 0) == 0; };
    if (command.empty()) return "220 test\r\n";
    if (is("LHLO")) return "250-test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n";
    if (is("MAIL")) return "250 2.1.0 sender ok\r\n";
    if (is("RCPT")) return "250 2.1.5 recipient ok\r\n";
    if (is("DATA")) return "354 go ahead\r\n";
    if (is(".")) return "250 2.0.0 saved\r\n";
    return "250 2.0.0 ok\r\n";
  }

  [[nodiscard]] std::vector<Taken> taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  [[nodiscard]] std::vector<std::string> commands() const {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  [[nodiscard]] int connections() const { return connections_; }
  // The present connection ends.
  void hang_up() { hangs_up_ = true; }

 private:
  void serve() {
    while (!is_over_) {
      if (!is_ready(listener_)) continue;
      peer_ = pigeon::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      unread_.clear();
      hangs_up_ = false;
      ++connections_;
      converse();
      peer_.reset();
    }
  }
  static bool is_ready(const pigeon::Fd& fd) {
    pollfd looked = {fd.get(), POLLIN, 0};
    return ::poll(&looked, 1, 10) > 0;
  }
  bool say(const std::string& command) {
    {
      const std::lock_guard lock(mutex_);
      if (!command.empty()) commands_.push_back(command);
    }
    const auto said = answer_(command);
    if (said) static_cast<void>(::send(peer_.get(), said->data(), said->size(), MSG_NOSIGNAL));
    last_ = said.value_or("");
    return said.has_value();
  }
  std::optional<std::string> until(const std::string& end) {
    for (;;) {
      if (const auto at = unread_.find(end); at != std::string::npos) {
        auto text = unread_.substr(0, at);
        unread_.erase(0, at + end.size());
        return text;
      }
      if (is_over_ || hangs_up_) return std::nullopt;
      if (!is_ready(peer_)) continue;
      std::array<char, 4096> bytes = {};
      const auto got = ::recv(peer_.get(), bytes.data(), bytes.size(), 0);
      if (got <= 0) return std::nullopt;
      unread_.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }
  void converse() {
    if (!say("")) return;
    Taken taking;
    while (const auto command = until("\r\n")) {
      if (!say(*command)) return;
      if (command->rfind("MAIL", 0) == 0) taking = {*command, {}, {}};
      if (command->rfind("RCPT", 0) == 0 && last_.rfind("250", 0) == 0) taking.recipients.push_back(*command);
      if (*command == "DATA" && last_.rfind("354", 0) == 0 && !take(taking)) return;
    }
  }
  bool take(Taken& taking) {
    unread_ = "\r\n" + unread_;
    auto text = until("\r\n.\r\n");
    if (!text) return false;
    taking.text = text->empty() ? "" : text->substr(2) + "\r\n";
    {
      const std::lock_guard lock(mutex_);
      taken_.push_back(taking);
    }
    for (const auto& recipient : taking.recipients) {
      if (!say(". " + recipient)) return false;
    }
    return true;
  }

  Answer answer_;
  pigeon::Fd listener_;
  pigeon::Fd peer_;
  std::string unread_;
  std::string last_;
  mutable std::mutex mutex_;
  std::vector<Taken> taken_;
  std::vector<std::string> commands_;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> hangs_up_ = false;
  std::jthread thread_;
};

}  // namespace mda_lmtp::testing
