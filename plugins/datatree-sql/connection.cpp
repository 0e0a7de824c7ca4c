// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <sql-server/meaning.hpp>
#include <sql-tree/layout.hpp>

#include <pigeon/sdk/values.hpp>

#include <array>

namespace datatree_sql {

Result<std::unique_ptr<Connection>> Connection::open(const Account& account, const Server& server,
                                                     bool is_tree, Deadline deadline) {
  std::unique_ptr<Connection> connection(new Connection);
  // Every join of ours is by a key, in the order in which it is written: to look for a better one takes
  // longest.
  PIGEON_TRY(connection->connect(account, server,
                                 {.tried = "ask the tree",
                                  .database = is_tree ? account.database : "",
                                  .session = "optimizer_search_depth = 1"},
                                 deadline));
  if (is_tree) PIGEON_TRY(connection->check_tree());
  return connection;
}

Done Connection::check_tree() {
  const auto row = PIGEON_TRY(first_row(
      "SELECT version, @@GLOBAL.read_only, @@GLOBAL.wsrep_on, (SELECT GROUP_CONCAT(c.value) FROM "
      "(SELECT class FROM tree GROUP BY class) used JOIN strings c ON c.id = used.class) FROM layout"));
  constexpr std::size_t kColumns = 4;
  const auto version = row.size() == kColumns ? row[0] : "0";
  if (version == std::to_string(sql_tree::kLayoutVersion)) {
    is_read_only_ = !sql_server::is_off(row[1]);
    is_cluster_ = !sql_server::is_off(row[2]);
    classes_ = row[3];
    return {};
  }
  return pigeon::misconfigured("ask the tree " + shown() + ": it has layout " + version +
                               ", and this plugin knows " + std::to_string(sql_tree::kLayoutVersion))
      .with_remedy("upgrade PigeonDeliver, or run `pigeonctl init`");
}

Done Connection::look_at_all(bool all) {
  if (!is_cluster_ || all == looks_at_all_) return {};
  // A node that lets its sessions read what it has, whatever the others have, would not wait.
  PIGEON_TRY(execute(all ? "SET SESSION wsrep_sync_wait = 7, wsrep_dirty_reads = 0;\n"
                         : "SET SESSION wsrep_sync_wait = 0;\n"));
  looks_at_all_ = all;
  return {};
}

// The version is written, not read: that keeps other writers out, here by the lock on the row, in a cluster
// by the conflict at the commit.
Result<bool> Connection::claim(std::int64_t object) {
  auto* update = PIGEON_TRY(prepare("UPDATE objects SET version = version + 1 WHERE id = ?"));
  PIGEON_TRY(update->with(object).run());
  return false;
}

}  // namespace datatree_sql
