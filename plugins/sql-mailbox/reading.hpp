// SPDX-License-Identifier: MIT
//
// What a mailbox holds.
#pragma once

#include "mailbox.hpp"

#include <pigeon/sdk/settings.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sql_mailbox {

class Reading {
 public:
  Reading(Connection& connection, const Dialect& dialect, const Place& place)
      : connection_(connection), dialect_(dialect), place_(place) {}

  Done list(const Allocation& allocation, Deadline deadline,
            const std::function<bool(const pigeon::Entry&)>& visit);
  Done read(const Allocation& allocation, const std::string& folder, const std::string& name,
            Deadline deadline, const std::function<bool(std::string_view)>& give);
  Result<pigeon::Usage> usage(const Allocation& allocation, const pigeon::Settings& preferences,
                              bool recount);

  // Counts what the mailbox holds and notes it, in the caller's transaction.
  Done count(Row& row);

 private:
  Done list_folder(std::int64_t folder, const std::string& name, Deadline deadline,
                   const std::function<bool(const pigeon::Entry&)>& visit, bool& goes_on);

  Connection& connection_;
  const Dialect& dialect_;
  const Place& place_;
};

// How full the mailbox of a row is, as it was noted.
pigeon::Usage usage_of(const Row& row);

}  // namespace sql_mailbox
