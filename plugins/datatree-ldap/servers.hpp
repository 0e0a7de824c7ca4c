// SPDX-License-Identifier: MIT
//
// Several servers that hold the same: whichever answers is asked. And the servers that referrals lead to.
#pragma once

#include "connection.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace datatree_ldap {

class Servers {
 public:
  // `options` outlives this.
  Servers(const std::vector<Server>& servers, const Options& options);

  // Calls `call(Connection&, Deadline)` with one server after the other until it works. One that has failed
  // is tried last for a while. What may have happened is not tried again.
  template <typename T, typename Call>
  Result<T> on_one(Deadline deadline, Call&& call) {
    std::optional<Failure> met;
    for (const auto index : order()) {
      auto& each = servers_[index];
      const bool is_last = index == last_;
      // A connection that was left open may have been closed in the meantime: then once more, anew.
      for (bool was_open = each.connection.has_value();; was_open = false) {
        Result<T> done = attempt<T>(each, is_last, deadline, call);
        if (done) {
          each.failed_until = {};
          return done;
        }
        const bool has_answered = each.connection && each.connection->is_usable();
        if (!has_answered) each.connection.reset();
        note(met, done.failure());
        if (done.failure().may_have_happened || deadline.passed()) return *std::move(met);
        if (!has_answered) each.failed_until = Deadline::in(kDistrust);
        if (!was_open || has_answered) break;
      }
    }
    return *std::move(met);
  }

  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  // As on_one, with this one only, on a new connection.
  template <typename T, typename Call>
  Result<T> on(std::size_t index, Deadline deadline, Call&& call) {
    servers_[index].connection.reset();
    return attempt<T>(servers_[index], true, deadline, call);
  }

 private:
  static constexpr std::chrono::seconds kDistrust{30};

  struct Known {
    Server server;
    std::optional<Connection> connection = {};
    Deadline failed_until = {};
  };

  template <typename T, typename Call>
  Result<T> attempt(Known& each, bool is_last, Deadline deadline, Call&& call) {
    if (!each.connection) each.connection.emplace(PIGEON_TRY(connect(each, deadline)));
    // Where nobody else can be asked, there is nothing to save the time for.
    const auto patience = is_last ? deadline.left() : std::min(deadline.left(), options_->answer_timeout);
    return call(*each.connection, Deadline::in(patience));
  }
  Result<Connection> connect(const Known& each, Deadline deadline) const;
  // Those that work before those that did not; remembers which is the last.
  std::vector<std::size_t> order();
  // Keeps what the first one said, and what the others said after it.
  static void note(std::optional<Failure>& met, const Failure& failure);

  const Options* options_;
  std::vector<Known> servers_;
  std::size_t last_ = 0;
};

// Where a referral leads. Only servers that are configured are asked, each with what was configured for it:
// nobody else is sent a password, or believed.
class Referrals {
 public:
  static constexpr unsigned kMostHops = 5;

  explicit Referrals(const Options& options);

  // Calls `call(Connection&, const std::string& dn, Deadline)` with one of these URIs after the other until
  // it works. `dn` is the URI's, or `otherwise` where it has none.
  template <typename T, typename Call>
  Result<T> follow(const pigeon::Values& uris, const std::string& otherwise, unsigned hops, Deadline deadline,
                   Call&& call) {
    if (hops >= kMostHops) return too_far(uris);
    std::optional<Failure> met;
    for (const auto& uri : uris) {
      const auto place = place_of(uri);
      auto* servers = place ? find(*place) : nullptr;
      if (servers == nullptr) continue;
      const auto dn = place->dn.empty() ? otherwise : place->dn;
      auto done = servers->template on_one<T>(
          deadline,
          [&](Connection& connection, Deadline until) -> Result<T> { return call(connection, dn, until); });
      if (done || done.failure().may_have_happened) return done;
      if (!met) met = done.failure();
    }
    return met ? *std::move(met) : unknown(uris);
  }

 private:
  Servers* find(const Place& place);
  static Failure too_far(const pigeon::Values& uris);
  static Failure unknown(const pigeon::Values& uris);

  std::vector<std::pair<Place, Servers>> known_;
};

}  // namespace datatree_ldap
