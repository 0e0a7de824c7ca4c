// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include "layout.hpp"
#include "reader.hpp"
#include "writer.hpp"

#include <algorithm>

namespace sql_tree {

using pigeon::nanoseconds;
using pigeon::Token;

Result<std::optional<Objects>> Tree::fetch(const pigeon::Fetch& request) {
  const auto read_from = [&](Need need) {
    return on_connection<std::optional<Objects>>(
        need, request.deadline, [&](Connection& connection) { return read(connection, request); });
  };
  if (request.authoritative) return read_from(Need::original);
  auto found = PIGEON_TRY(read_from(Need::copy));
  // What is not there in a copy may only not be there yet.
  if (found || !has_read_copy()) return found;
  return read_from(Need::original);
}

Result<std::optional<Objects>> Tree::children(const pigeon::Page& request) {
  return on_connection<std::optional<Objects>>(
      Need::copy, request.deadline, [&](Connection& connection) { return read(connection, request); });
}

Result<std::optional<Objects>> Tree::read(Connection& connection, const pigeon::Fetch& request) {
  const auto transaction = PIGEON_TRY(Transaction::begin(connection, Transaction::For::reading));
  Reader reader(connection);
  const auto row = PIGEON_TRY(reader.find(request.path));
  if (!row) return std::nullopt;
  Objects objects = {PIGEON_TRY(reader.object(*row, request.path))};
  PIGEON_TRY(reader.add_below(request.path, request.depth, objects));
  return objects;
}

Result<std::optional<Objects>> Tree::read(Connection& connection, const pigeon::Page& request) {
  const auto transaction = PIGEON_TRY(Transaction::begin(connection, Transaction::For::reading));
  Reader reader(connection);
  if (!PIGEON_TRY(reader.find(request.path))) return std::nullopt;
  Objects objects;
  for (const auto& row : PIGEON_TRY(reader.rows_below(request.path, request.after, request.limit))) {
    objects.push_back(PIGEON_TRY(reader.object(row, request.path.child(row.name))));
  }
  return objects;
}

Result<Applied> Tree::apply(const pigeon::Update& update) {
  std::size_t failed = 0;
  return apply_all({update}, failed);
}

Result<Applied> Tree::apply_all(const std::vector<pigeon::Update>& updates, std::size_t& failed) {
  if (updates.empty()) return Applied::yes;
  return on_connection<Applied>(
      Need::original, updates.front().deadline, [&](Connection& connection) -> Result<Applied> {
        auto transaction = PIGEON_TRY(Transaction::begin(connection, Transaction::For::writing));
        Writer writer(connection);
        for (failed = 0; failed < updates.size(); ++failed) {
          const auto applied = PIGEON_TRY(writer.apply(updates[failed]));
          if (applied != Applied::yes) return applied;
        }
        PIGEON_TRY(transaction.commit());
        return Applied::yes;
      });
}

Result<std::optional<Token>> Tree::observe(const TreePath& path, Deadline deadline) {
  return on_connection<std::optional<Token>>(
      Need::original, deadline, [&](Connection& connection) -> Result<std::optional<Token>> {
        const auto transaction = PIGEON_TRY(Transaction::begin(connection, Transaction::For::reading));
        const auto row = PIGEON_TRY(Reader(connection).find(path));
        if (!row) return std::nullopt;
        auto* statement = PIGEON_TRY(connection.prepare("SELECT token FROM locks WHERE object = ?"));
        return PIGEON_TRY(statement->with(row->object).step()) ? statement->text(0) : Token();
      });
}

Result<bool> Tree::take(const TreePath& path, const Token& observed, const Token& ours, Deadline deadline) {
  return on_connection<bool>(Need::original, deadline, [&](Connection& connection) -> Result<bool> {
    auto transaction = PIGEON_TRY(Transaction::begin(connection, Transaction::For::writing));
    const auto row = PIGEON_TRY(Reader(connection).find(path));
    if (!row) return false;
    PIGEON_TRY(connection.claim(row->object));
    const std::string_view token = ours;
    std::int64_t taken = 0;
    if (observed.empty()) {
      auto* insert = PIGEON_TRY(connection.prepare("INSERT INTO locks (object, token) VALUES (?, ?)" +
                                                   connection.dialect().or_left("object")));
      taken = PIGEON_TRY(insert->with(row->object, token).run());
    } else {
      auto* update =
          PIGEON_TRY(connection.prepare("UPDATE locks SET token = ? WHERE object = ? AND token = ?"));
      taken = PIGEON_TRY(update->with(token, row->object, std::string_view(observed)).run());
    }
    if (taken == 0) return false;
    PIGEON_TRY(transaction.commit());
    return true;
  });
}

// A holder is overtaken when its token was seen unchanged for a whole lease, by our own clock: nobody's clock
// is compared with anybody else's.
Result<std::optional<Token>> Tree::lock(const TreePath& path, nanoseconds lease, Deadline deadline) {
  const auto ours = PIGEON_TRY(random_name());
  std::optional<Token> watched;
  auto since = pigeon::Clock::now();
  for (;;) {
    const auto observed = PIGEON_TRY(observe(path, deadline));
    if (!observed) return std::nullopt;
    if (watched != observed) {
      watched = observed;
      since = pigeon::Clock::now();
    }
    const bool is_free = observed->empty() || pigeon::Clock::now() - since >= lease;
    if (is_free && PIGEON_TRY(take(path, *observed, ours, deadline))) return ours;
    if (deadline.passed()) {
      return pigeon::failure(PIGEON_BUSY,
                             "lock " + path.text() + ": others held the lock until the deadline");
    }
    if (!is_free) sql_database::pause(deadline);
  }
}

Result<Applied> Tree::unlock(const TreePath& path, const Token& token, Deadline deadline) {
  return on_connection<Applied>(Need::original, deadline, [&](Connection& connection) -> Result<Applied> {
    auto transaction = PIGEON_TRY(Transaction::begin(connection, Transaction::For::writing));
    const auto row = PIGEON_TRY(Reader(connection).find(path));
    if (!row) return Applied::not_there;
    PIGEON_TRY(connection.claim(row->object));
    auto* statement = PIGEON_TRY(connection.prepare("DELETE FROM locks WHERE object = ? AND token = ?"));
    if (PIGEON_TRY(statement->with(row->object, std::string_view(token)).run()) == 0)
      return Applied::conflict;
    PIGEON_TRY(transaction.commit());
    return Applied::yes;
  });
}

Result<std::string> Tree::print_schema(const pigeon_schema& schema, std::string_view language) {
  return sql_tree::print_schema(schema, language, dialect());
}

}  // namespace sql_tree
