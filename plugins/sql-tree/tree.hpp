// SPDX-License-Identifier: MIT
//
// A datatree on a database: everything but how to come by a connection.
#pragma once

#include "connection.hpp"

#include <sql-database/pause.hpp>

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sql_tree {

class Tree {
 public:
  Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  Tree(Tree&&) = delete;
  Tree& operator=(Tree&&) = delete;
  virtual ~Tree() = default;

  Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request);
  Result<std::optional<pigeon::Objects>> children(const pigeon::Page& request);
  Result<pigeon::Applied> apply(const pigeon::Update& update);
  Result<pigeon::Applied> apply_all(const std::vector<pigeon::Update>& updates, std::size_t& failed);
  Result<std::optional<pigeon::Token>> lock(const pigeon::TreePath& path, std::chrono::nanoseconds lease,
                                            Deadline deadline);
  Result<pigeon::Applied> unlock(const pigeon::TreePath& path, const pigeon::Token& token, Deadline deadline);
  Result<std::string> print_schema(const pigeon_schema& schema, std::string_view language);

 protected:
  // What a call is going to do: a copy of the tree may do for reading.
  enum class Need { copy, original };

  [[nodiscard]] virtual const Dialect& dialect() const = 0;
  // One that is open and of a tree; waits no longer than the deadline.
  virtual Result<Connection*> connect(Need need, Deadline deadline) = 0;
  // Whether what was read last may lack what was committed elsewhere.
  [[nodiscard]] virtual bool has_read_copy() const { return false; }
  // After the call has failed. True: it did nothing, and may be made again, on what `connect` then gives.
  virtual bool recovers(const Failure& failure, sql_database::Retries& made, Deadline deadline) = 0;

  // By a statement for each level and object. For a database that is far away there are better ways.
  virtual Result<std::optional<pigeon::Objects>> read(Connection& connection, const pigeon::Fetch& request);
  virtual Result<std::optional<pigeon::Objects>> read(Connection& connection, const pigeon::Page& request);

  // Runs a call on the connection, again where that may help.
  template <typename T, typename Call>
  Result<T> on_connection(Need need, Deadline deadline, Call&& call) {
    sql_database::Retries made;
    for (;;) {
      auto connection = connect(need, deadline);
      Result<T> done = connection ? call(**connection) : std::move(connection).failure();
      if (done || !recovers(done.failure(), made, deadline)) return done;
    }
  }

 private:
  // The token that the lock bears; empty if there is no lock. Nothing if there is no such object.
  Result<std::optional<pigeon::Token>> observe(const pigeon::TreePath& path, Deadline deadline);
  // Puts ours in place of what was observed; false if that changed.
  Result<bool> take(const pigeon::TreePath& path, const pigeon::Token& observed, const pigeon::Token& ours,
                    Deadline deadline);
};

}  // namespace sql_tree
