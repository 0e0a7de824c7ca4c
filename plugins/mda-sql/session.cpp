// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <sql-mailbox/dialect.hpp>
#include <sql-server/meaning.hpp>

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/values.hpp>

#include <algorithm>
#include <string>

namespace mda_sql {
namespace {

constexpr const char* kTried = "ask for mail";
constexpr std::uint64_t kLargestPart = 256UL << 10U;
// What a statement holds beside the part.
constexpr std::uint64_t kBesides = 4096;
constexpr std::uint64_t kMostTogether = 1UL << 20U;

}  // namespace

Result<std::unique_ptr<Session>> Session::open_bare(const Account& account, const Server& server,
                                                    Deadline deadline) {
  std::unique_ptr<Session> session(new Session);
  PIGEON_TRY(session->connect(account, server, {.tried = kTried}, deadline));
  return session;
}

Result<std::unique_ptr<Session>> Session::open(const Account& account, const Server& server,
                                               Deadline deadline) {
  std::unique_ptr<Session> session(new Session);
  // What is bound is octets, for columns of octets. So a server has no text to look through, nor to convert.
  PIGEON_TRY(session->connect(
      account, server,
      {.tried = kTried, .database = account.database, .session = "character_set_client = 'binary'"},
      deadline));
  PIGEON_TRY(session->examine());
  return session;
}

Done Session::examine() {
  const auto row = PIGEON_TRY(first_row(
      "SELECT version, @@GLOBAL.read_only, @@GLOBAL.wsrep_on, @@max_allowed_packet FROM mailbox_layout"));
  constexpr std::size_t kColumns = 4;
  const auto version = row.size() == kColumns ? row[0] : "0";
  if (version != std::to_string(sql_mailbox::kLayoutVersion)) {
    return pigeon::misconfigured("use the mailboxes " + shown() + ": they have layout " + version +
                                 ", and this plugin knows " + std::to_string(sql_mailbox::kLayoutVersion))
        .with_remedy("upgrade PigeonDeliver, or run `pigeonctl init`");
  }
  if (!sql_server::is_off(row[1])) {
    return pigeon::misconfigured("use the mailboxes " + shown() + ": they can only be read")
        .with_remedy("name a server that can be written to among \"hosts\"");
  }
  // In a cluster, everything that was committed anywhere before is to be seen.
  if (!sql_server::is_off(row[2])) PIGEON_TRY(execute("SET SESSION wsrep_sync_wait = 7;\n"));
  const auto packet = pigeon::number(row[3]).value_or(0);
  if (packet < 2 * kBesides) {
    return pigeon::misconfigured("use the mailboxes " + shown() + ": the server takes no more than " +
                                 row[3] + " bytes at a time")
        .with_remedy("raise max_allowed_packet of the server");
  }
  largest_part_ = std::min(kLargestPart, packet - kBesides);
  most_together_ = std::min(kMostTogether, packet / 2);
  return {};
}

Done Session::initialize(const Account& account) {
  const auto name = "\"" + pigeon::join(pigeon::split(account.database, '"'), "\"\"") + "\"";
  PIGEON_TRY(execute("CREATE DATABASE IF NOT EXISTS " + name +
                     " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;\nUSE " + name + ";\n"));
  // A database of something else is not ours to change. A new one is empty.
  const auto tables = PIGEON_TRY(first_row(
      "SELECT count(*), ifnull(sum(table_name = 'mailbox_layout'), 0) FROM information_schema.tables "
      "WHERE table_schema = DATABASE()"));
  if (tables.at(0) != "0" && tables.at(1) == "0") {
    return pigeon::unavailable("make the mailboxes " + shown() + ": the database holds something else")
        .with_remedy("give the mailboxes a database of their own: correct \"mda-sql\": {\"database\"}");
  }
  const auto& dialect = sql_mailbox::mysql_dialect();
  return execute(std::string(dialect.own_tables) + dialect.messages_table(sql_mailbox::kSharedMessages));
}

// A lock of the connection that removes: where it is lost, nothing more is removed either.
Done Session::lock_for_purge(const sql_mailbox::Place& place) {
  auto* lock =
      PIGEON_TRY(prepare("SELECT GET_LOCK(CONCAT('pigeon-purge-', MD5(CONCAT(DATABASE(), '/', ?))), "
                         "@@innodb_lock_wait_timeout / 2)"));
  PIGEON_TRY(lock->with(std::string_view(place.name)).step());
  const bool is_ours = !lock->is_null(0) && lock->integer(0) == 1;
  lock->reset();
  if (is_ours) return {};
  return pigeon::failure(PIGEON_BUSY, "purge mailbox " + place.shown + ": somebody else is purging it")
      .with_remedy("wait until that has ended (SHOW PROCESSLIST)");
}

Result<std::string> Session::doubt() {
  const auto row = PIGEON_TRY(
      first_row("SELECT @@GLOBAL.innodb_flush_log_at_trx_commit, (SELECT GROUP_CONCAT(table_name) FROM "
                "information_schema.tables WHERE table_schema = DATABASE() AND engine <> 'InnoDB')"));
  std::string doubt;
  if (row.at(0) != "1") {
    doubt = "innodb_flush_log_at_trx_commit is " + row.at(0) +
            ": mail that was delivered may be lost with the power; set it to 1";
  }
  if (!row.at(1).empty()) {
    doubt +=
        (doubt.empty() ? "" : "; ") + ("tables are not in InnoDB, which nothing is promised of: " + row[1]);
  }
  return doubt;
}

}  // namespace mda_sql
