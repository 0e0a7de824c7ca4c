// SPDX-License-Identifier: MIT
//
// The MDA for mailboxes in SQLite files.
#pragma once

#include "mail_file.hpp"

#include <home-template/home.hpp>
#include <sql-mailbox/batch.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mda_sqlite {

class Mailboxes {
 public:
  Mailboxes(home_template::Homes homes, std::chrono::nanoseconds busy_timeout, bool indexes_fields);
  static Result<std::unique_ptr<Mailboxes>> open(pigeon::Host host, const pigeon::Settings& settings);

  Result<pigeon::Attributes> propose(const pigeon::Principal& principal, const pigeon::Attributes& requests) {
    return homes_.propose(principal, requests);
  }
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
  // Where an allocation's mailbox is. Looked up for each call: a file system may be unmounted at any time.
  struct Home {
    Directory base;
    std::string path;
    std::optional<Directory> directory;
    sql_mailbox::Place place;
  };
  struct Kept {
    std::string path;
    std::unique_ptr<MailFile> file;
  };

  [[nodiscard]] Deadline patience(Deadline deadline) const;
  Result<Home> find(const Allocation& allocation) const;
  // The mailbox that is there; stays open for the next call, as long as it stays where it is.
  Result<MailFile*> use(const Home& home, const Allocation& allocation, Deadline deadline);
  void keep(const std::string& path, std::unique_ptr<MailFile> file);
  void let_go(const std::string& path);

  // Runs a call on the mailbox. One with which something has failed may be spoilt: it is opened anew.
  template <typename T, typename Call>
  Result<T> on_mailbox(const Allocation& allocation, Deadline deadline, Call&& call);

  void deliver_to(const std::vector<const pigeon::Delivery*>& deliveries);
  Done attempt(std::vector<sql_mailbox::Item>& items, const std::vector<const pigeon::Delivery*>& deliveries,
               Deadline deadline);

  home_template::Homes homes_;
  std::chrono::nanoseconds busy_timeout_;
  sql_mailbox::Options options_;
  std::vector<Kept> kept_;  // the one that was used last comes last
};

}  // namespace mda_sqlite
