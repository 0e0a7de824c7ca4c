// SPDX-License-Identifier: MIT
//
// The MDA for mailboxes in MariaDB: on one server, on several of which the first that answers is asked, or in
// a Galera cluster.
#pragma once

#include "name.hpp"
#include "session.hpp"

#include <sql-database/pause.hpp>
#include <sql-mailbox/batch.hpp>
#include <sql-server/servers.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mda_sql {

class Mailboxes {
 public:
  enum class Layout { table_per_user, shared };

  Mailboxes(pigeon::Host host, Account account, Layout layout, bool indexes_fields)
      : host_(host), servers_(host, std::move(account)), layout_(layout), indexes_fields_(indexes_fields) {}
  static Result<std::unique_ptr<Mailboxes>> open(pigeon::Host host, const pigeon::Settings& settings);

  Result<pigeon::Attributes> propose(const pigeon::Principal& principal, const pigeon::Attributes& requests);
  Done ensure(const Allocation& allocation, Deadline deadline);
  void deliver(std::span<pigeon::Delivery> batch);
  Done list(const Allocation& allocation, Deadline deadline,
            const std::function<bool(const pigeon::Entry&)>& visit);
  Done read(const Allocation& allocation, const std::string& folder, const std::string& name,
            Deadline deadline, const std::function<bool(std::string_view)>& give);
  Done adopt(const Allocation& allocation, Deadline deadline);
  Done retire(const Allocation& allocation, Deadline deadline);
  Done purge(const Allocation& allocation, Deadline deadline);
  Result<pigeon::Usage> usage(const Allocation& allocation, const pigeon::Settings& preferences, bool recount,
                              Deadline deadline);

  Done initialize(const pigeon_schema& schema, Deadline deadline);
  Done check(Deadline deadline);

 private:
  [[nodiscard]] std::string shown() const { return servers_.account().database; }
  // One that waits no longer than the deadline.
  Result<Session*> connect(Deadline deadline);
  // After a call has failed. True: it may be made again. What may have happened may be, too: whatever is done
  // here finds what it has done before.
  bool recovers(const Failure& failure, sql_database::Retries& made, Deadline deadline);

  // Runs a call on a session, again where that may help.
  template <typename T, typename Call>
  Result<T> on_session(Deadline deadline, Call&& call);

  // Those whose time is over are answered, and leave.
  static void give_up_late(std::vector<sql_mailbox::Item*>& pending);
  Done attempt(const std::vector<sql_mailbox::Item*>& pending, Deadline deadline);

  pigeon::Host host_;
  sql_server::Servers servers_;
  Layout layout_;
  bool indexes_fields_;
  std::unique_ptr<Session> session_;
};

}  // namespace mda_sql
