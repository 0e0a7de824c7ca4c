// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include "slice.hpp"

#include <sql-tree/layout.hpp>
#include <sql-tree/reader.hpp>

#include <pigeon/sdk/text.hpp>

#include <string>
#include <utility>
#include <vector>

namespace datatree_sql {

using pigeon::Objects;
using pigeon::TreePath;

Result<std::unique_ptr<Tree>> Tree::open(pigeon::Host host, const pigeon::Settings& settings) {
  return std::make_unique<Tree>(host, PIGEON_TRY(Account::of(settings, "datatree-sql")));
}

void Tree::let_go() {
  connection_.reset();
  met_.clear();
}

Result<std::unique_ptr<Connection>> Tree::open_one(Need need, bool is_tree, Deadline deadline) {
  return servers_.first_that_answers(
      deadline, [&](const Server& server) -> Result<std::unique_ptr<Connection>> {
        auto opened = PIGEON_TRY(Connection::open(servers_.account(), server, is_tree, deadline));
        if (need != Need::original || !opened->is_copy()) return opened;
        return pigeon::misconfigured("ask the tree " + opened->shown() + ": it can only be read")
            .with_remedy("name a server that can be written to among \"hosts\"");
      });
}

Result<sql_tree::Connection*> Tree::connect(Need need, Deadline deadline) {
  if (deadline.passed()) return pigeon::failure(PIGEON_TIMEOUT, "ask the tree: the time is over");
  if (connection_ && !connection_->can_wait_until(deadline)) let_go();
  if (connection_ && need == Need::original && connection_->is_copy()) let_go();
  if (!connection_) {
    connection_ = PIGEON_TRY(open_one(need, true, deadline));
    if (trusts_classes_) met_ = Slice::classes_of(connection_->classes());
  }
  // In a cluster, where another node may know more.
  PIGEON_TRY(connection_->look_at_all(need == Need::original));
  return connection_.get();
}

bool Tree::recovers(const Failure& failure, sql_database::Retries& made, Deadline deadline) {
  // Of what has failed without a connection, all was tried.
  if (!connection_) return false;
  const auto course = connection_->course();
  if (course == Connection::Course::again && !failure.may_have_happened) {
    sql_database::pause(deadline, made.conflicts++);
    return !deadline.passed();
  }
  if (course != Connection::Course::elsewhere && !failure.may_have_happened) return false;
  let_go();
  // The table of one of them may be missing: then it is missed where it is needed, and only there.
  trusts_classes_ = false;
  if (failure.may_have_happened || deadline.passed()) return false;
  if (made.losses > 0) servers_.pass_over();
  return made.losses++ <= static_cast<int>(servers_.count());
}

Result<std::optional<Objects>> Tree::read(sql_tree::Connection& connection, const pigeon::Fetch& request) {
  if (request.authoritative) {
    // What is being written right now may have been ours: wait until it has happened or not.
    auto* wait = PIGEON_TRY(connection.prepare(
        "SELECT o.id FROM strings l JOIN strings n JOIN tree t ON t.\"cursor\" = l.id AND t.name = n.id "
        "JOIN objects o ON o.id = t.object WHERE l.digest = UNHEX(SHA2(?, 256)) AND "
        "n.digest = UNHEX(SHA2(?, 256)) LOCK IN SHARE MODE"));
    const auto own = sql_tree::place_of(request.path);
    const auto above = request.path.is_root() ? own : sql_tree::place_of(request.path.parent());
    for (const auto& each : {above, own})
      PIGEON_TRY(wait->with(std::string_view(each.cursor), std::string_view(each.name)).run());
  }
  Slice slice(connection, met_, request.deadline);
  auto objects = PIGEON_TRY(slice.read(request.path, request.depth > 0, std::nullopt));
  if (!objects) return std::nullopt;
  // Level by level, so that parents come first.
  std::size_t begin = 1;
  for (unsigned depth = 1; depth < request.depth && begin < objects->size(); ++depth) {
    std::vector<TreePath> level;
    for (std::size_t index = begin; index < objects->size(); ++index)
      level.push_back(TreePath::parse((*objects)[index].path).value_or(TreePath()));
    begin = objects->size();
    for (auto& each : PIGEON_TRY(slice.below(level))) objects->push_back(std::move(each));
  }
  return objects;
}

Result<std::optional<Objects>> Tree::read(sql_tree::Connection& connection, const pigeon::Page& request) {
  Slice slice(connection, met_, request.deadline);
  auto objects = PIGEON_TRY(slice.read(request.path, true, Part{request.after, request.limit}));
  if (objects) objects->erase(objects->begin());
  return objects;
}

Done Tree::initialize(const pigeon_schema& schema, Deadline deadline) {
  let_go();
  auto connection = PIGEON_TRY(open_one(Need::original, false, deadline));
  const auto name = "\"" + pigeon::join(pigeon::split(servers_.account().database, '"'), "\"\"") + "\"";
  PIGEON_TRY(connection->execute("CREATE DATABASE IF NOT EXISTS " + name +
                                 " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;\nUSE " + name + ";\n"));
  // A database of something else is not ours to change. A new one is empty.
  auto* tables = PIGEON_TRY(connection->prepare(
      "SELECT count(*), ifnull(sum(table_name = 'layout'), 0) FROM information_schema.tables "
      "WHERE table_schema = DATABASE()"));
  PIGEON_TRY(tables->with().step());
  const bool is_ours = tables->integer(0) == 0 || tables->integer(1) != 0;
  tables->reset();
  if (!is_ours) {
    return pigeon::unavailable("make the tree " + connection->shown() +
                               ": the database holds something else, and no tree of PigeonDeliver")
        .with_remedy("give the tree a database of its own: correct \"datatree-sql\": {\"database\"}");
  }
  PIGEON_TRY(sql_tree::make_tables(*connection, schema));
  auto transaction =
      PIGEON_TRY(sql_tree::Transaction::begin(*connection, sql_tree::Transaction::For::writing));
  PIGEON_TRY(sql_tree::make_root(*connection));
  return transaction.commit();
}

// A table that is missing would else be missed by the first delivery that comes to need it.
Done Tree::check(Deadline deadline) {
  auto* connection = PIGEON_TRY(connect(Need::original, deadline));
  PIGEON_TRY(sql_tree::Reader(*connection).find(TreePath()));
  std::vector<std::string> tables = {"objects", "multikeys", "multivalues", "locks"};
  for (const auto& each : Slice::classes_of(connection_->classes()))
    tables.push_back(sql_tree::class_table(each));
  for (const auto& each : tables) {
    auto* statement = PIGEON_TRY(connection->prepare("SELECT * FROM " + each + " LIMIT 0"));
    PIGEON_TRY(statement->with().step());
  }
  return {};
}

}  // namespace datatree_sql
