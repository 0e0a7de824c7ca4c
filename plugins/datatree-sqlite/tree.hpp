// SPDX-License-Identifier: MIT
//
// The embedded datatree: one local SQLite file, in its own directory, of one user.
#pragma once

#include "database.hpp"

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace datatree_sqlite {

class Tree {
 public:
  Tree(std::string path, std::chrono::nanoseconds busy_timeout)
      : path_(std::move(path)), busy_timeout_(busy_timeout) {}
  static Result<std::unique_ptr<Tree>> open(pigeon::Host host, const pigeon::Settings& settings);

  Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request);
  Result<std::optional<pigeon::Objects>> children(const pigeon::Page& request);
  Result<pigeon::Applied> apply(const pigeon::Update& update);
  Result<pigeon::Applied> apply_all(const std::vector<pigeon::Update>& updates, std::size_t& failed);
  Result<std::optional<pigeon::Token>> lock(const pigeon::TreePath& path, std::chrono::nanoseconds lease,
                                            Deadline deadline);
  Result<pigeon::Applied> unlock(const pigeon::TreePath& path, const pigeon::Token& token, Deadline deadline);
  Result<std::string> print_schema(const pigeon_schema& schema, std::string_view language);

  Done initialize(const pigeon_schema& schema, Deadline deadline);
  Done check(Deadline deadline);

 private:
  Result<Database*> connect(Deadline deadline);
  // Runs a call on the connection. One that has failed may stay spoilt: where SQLite could not open its log's
  // index for writing once, it reads only, until it is opened again. So the next call connects anew.
  template <typename T, typename Call>
  Result<T> on_connection(Call&& call) {
    Result<T> done = call();
    if (!done && done.failure().status != PIGEON_BUSY) database_.reset();
    return done;
  }
  // The token that the lock bears; empty if there is no lock. Nothing if there is no such object.
  Result<std::optional<pigeon::Token>> observe(const pigeon::TreePath& path, Deadline deadline);
  // Puts ours in place of what was observed; false if that changed.
  Result<bool> take(const pigeon::TreePath& path, const pigeon::Token& observed, const pigeon::Token& ours,
                    Deadline deadline);

  std::string path_;
  std::chrono::nanoseconds busy_timeout_;
  std::optional<Database> database_;
};

}  // namespace datatree_sqlite
