// SPDX-License-Identifier: MIT
//
// Several servers, of which the first that answers is asked, from the one that answered last.
#pragma once

#include "server.hpp"

#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace sql_server {

class Servers {
 public:
  Servers(pigeon::Host host, Account account) : host_(host), account_(std::move(account)) {}

  [[nodiscard]] const Account& account() const { return account_; }
  [[nodiscard]] std::size_t count() const { return account_.servers.size(); }
  // The next one is asked first.
  void pass_over() { current_ = (current_ + 1) % count(); }

  // What `open`, called with a Server, gives for the first for which it gives anything; or what it said of
  // each.
  template <typename Open>
  auto first_that_answers(pigeon::Deadline deadline, Open&& open)
      -> decltype(open(std::declval<const Server&>())) {
    std::optional<pigeon::Failure> first;
    for (std::size_t tried = 0; tried < count(); ++tried) {
      const auto index = (current_ + tried) % count();
      auto opened = open(std::as_const(account_.servers[index]));
      if (opened) {
        current_ = index;
        return opened;
      }
      auto& met = opened.failure();
      host_.debug(met.detail);
      if (first) {
        first->detail += "; " + met.detail;
      } else {
        first = std::move(met);
      }
      if (deadline.passed()) break;
    }
    return *std::move(first);
  }

 private:
  pigeon::Host host_;
  Account account_;
  std::size_t current_ = 0;
};

}  // namespace sql_server
