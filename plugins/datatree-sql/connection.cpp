// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include "connecting.hpp"
#include "meaning.hpp"
#include "resolver.hpp"

#include <sql-tree/layout.hpp>

#include <pigeon/sdk/text.hpp>

#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>

#include <algorithm>
#include <new>

namespace datatree_sql {
namespace {

using sql::SQLString;
using std::chrono::seconds;

// Connector/C++ counts whole seconds. A call may be so much over its deadline.
seconds at_least_one(std::chrono::nanoseconds time) {
  return std::max(std::chrono::ceil<seconds>(time), seconds(1));
}

sql::ConnectOptionsMap options_of(const Account& account, const Server& server, const std::string& host,
                                  seconds connect_time, seconds answer_time) {
  // Never assigned: where memory is short, an assignment leaves its target with what it has already deleted.
  sql::ConnectOptionsMap options;
  // Not the host alone: for the client library, localhost is a socket.
  const bool is_v6 = host.find(':') != std::string::npos;
  options.emplace("hostName",
                  SQLString(!server.socket.empty() ? "unix://" + server.socket
                                                   : "tcp://" + (is_v6 ? "[" + host + "]" : host) + ":" +
                                                         std::to_string(server.port)));
  options.emplace("userName", SQLString(account.user));
  options.emplace("password", SQLString(account.password));
  options.emplace("OPT_CHARSET_NAME", SQLString("utf8mb4"));
  options.emplace("OPT_CONNECT_TIMEOUT", static_cast<int>(connect_time.count()));
  options.emplace("OPT_READ_TIMEOUT", static_cast<int>(answer_time.count()));
  options.emplace("OPT_WRITE_TIMEOUT", static_cast<int>(answer_time.count()));
  // A server is not to read our files.
  options.emplace("OPT_LOCAL_INFILE", 0);
  if (account.tls == Account::Tls::off) return options;
  options.emplace("sslEnforce", true);
  options.emplace("sslVerify", account.tls == Account::Tls::verify);
  if (!account.authorities.empty()) options.emplace("sslCA", SQLString(account.authorities));
  if (!account.certificate.empty()) options.emplace("sslCert", SQLString(account.certificate));
  if (!account.key.empty()) options.emplace("sslKey", SQLString(account.key));
  return options;
}

}  // namespace

template <typename Call>
auto Connection::attempt(Call&& call) -> Result<decltype(call())> {
  PIGEON_TRY(check_time());
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return failed();
  }
}

// REQUIRES: an exception is being handled.
Failure Connection::failed() {
  const auto tried = "ask the tree " + shown_;
  try {
    throw;
  } catch (const sql::SQLException& exception) {
    const auto meaning = meaning_of(exception.getErrorCode());
    course_ = meaning.course;
    auto met = pigeon::failure(meaning.status, tried + ": " + exception.what() + " (error " +
                                                   std::to_string(exception.getErrorCode()) + ")");
    met.remedy = meaning.remedy;
    return met;
  } catch (const std::exception& exception) {
    course_ = Course::elsewhere;
    return pigeon::unavailable(tried + ": " + exception.what());
  }
}

Done Connection::check_time() {
  course_ = Course::none;
  if (!deadline_.passed()) return {};
  return pigeon::failure(PIGEON_TIMEOUT, "ask the tree " + shown_ + ": the time is over");
}

Connection::Connection(const Account& account, const Server& server)
    : shown_(account.database + " on " + server.shown()) {}

Result<std::unique_ptr<Connection>> Connection::open(const Account& account, const Server& server,
                                                     bool is_tree, Deadline deadline) {
  std::unique_ptr<Connection> connection(new Connection(account, server));
  PIGEON_TRY(connection->connect(account, server, is_tree, deadline));
  if (account.tls != Account::Tls::off) PIGEON_TRY(connection->check_encryption());
  if (is_tree) PIGEON_TRY(connection->check_tree());
  return connection;
}

Done Connection::connect(const Account& account, const Server& server, bool is_tree, Deadline deadline) {
  deadline_ = deadline;
  const auto connect_time = std::min(account.connect_time, deadline.left());
  patience_ = at_least_one(std::min(account.answer_time, deadline.left()));
  // A certificate is for a name, whose addresses the client library then tries for itself.
  std::vector<std::string> hosts = {server.host};
  if (!server.host.empty()) {
    auto addresses = PIGEON_TRY(resolve(server.host, Deadline::in(connect_time)));
    if (account.tls != Account::Tls::verify) hosts = std::move(addresses);
  }
  for (const auto& host : hosts) {
    auto options = options_of(account, server, host, at_least_one(connect_time), patience_);
    if (is_tree) options.emplace("schema", SQLString(account.database));
    auto opened = attempt([&] {
      const Connecting undone;
      static sql::Driver* const driver = ::get_driver_instance();
      return driver->connect(options);
    });
    if (opened) {
      connection_.reset(*opened);
      break;
    }
    if (&host == &hosts.back()) return std::move(opened).failure();
  }
  const auto patience = std::to_string(patience_.count());
  // Every join of ours is by a key, in the order in which it is written: to look for a better one takes
  // longest.
  return execute(
      "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
      "collation_connection = 'utf8mb4_nopad_bin', tx_isolation = 'READ-COMMITTED', "
      "innodb_lock_wait_timeout = " +
      patience + ", optimizer_search_depth = 1, lock_wait_timeout = " + patience + ";\n");
}

Done Connection::check_encryption() {
  auto* status = PIGEON_TRY(prepare("SHOW SESSION STATUS LIKE 'Ssl_cipher'"));
  const bool is_encrypted = PIGEON_TRY(status->with().step()) && !status->text(1).empty();
  status->reset();
  if (is_encrypted) return {};
  return pigeon::misconfigured("ask the tree " + shown_ + ": the connection is not encrypted")
      .with_remedy("let the server have a certificate (ssl_cert, ssl_key), or set \"tls\": \"off\"");
}

Done Connection::check_tree() {
  std::int64_t version = 0;
  PIGEON_TRY(attempt([&] {
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery(
        "SELECT version, @@GLOBAL.read_only, @@GLOBAL.wsrep_on, (SELECT GROUP_CONCAT(c.value) FROM "
        "(SELECT class FROM tree GROUP BY class) used JOIN strings c ON c.id = used.class) FROM layout"));
    if (!rows->next()) return false;
    version = rows->getInt64(1);
    is_read_only_ = rows->getInt(2) != 0;
    is_cluster_ = rows->getInt(3) != 0;
    classes_ = rows->getString(4).asStdString();
    return true;
  }));
  if (version == sql_tree::kLayoutVersion) return {};
  return pigeon::misconfigured("ask the tree " + shown_ + ": it has layout " + std::to_string(version) +
                               ", and this plugin knows " + std::to_string(sql_tree::kLayoutVersion))
      .with_remedy("upgrade PigeonDeliver, or run `pigeonctl init`");
}

bool Connection::can_wait_until(Deadline deadline) {
  deadline_ = deadline;
  return patience_ <= at_least_one(deadline.left());
}

Done Connection::look_at_all(bool all) {
  if (!is_cluster_ || all == looks_at_all_) return {};
  PIGEON_TRY(execute(std::string("SET SESSION wsrep_sync_wait = ") + (all ? "7" : "0") + ";\n"));
  looks_at_all_ = all;
  return {};
}

Result<sql_tree::Statement*> Connection::prepare(const std::string& sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  return attempt([&]() -> sql_tree::Statement* {
    std::unique_ptr<sql::PreparedStatement> statement(connection_->prepareStatement(sql));
    return &statements_.try_emplace(sql, *this, std::move(statement)).first->second;
  });
}

Done Connection::execute(const std::string& sql) {
  constexpr std::string_view kEnd = ";\n";
  std::string_view rest = sql;
  while (!rest.empty()) {
    const auto end = rest.find(kEnd);
    const SQLString one(std::string(rest.substr(0, end)));
    PIGEON_TRY(attempt([&] {
      std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      statement->execute(one);
      return true;
    }));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kEnd.size());
  }
  return {};
}

Result<std::int64_t> Connection::last_id() {
  auto* statement = PIGEON_TRY(prepare("SELECT last_insert_id()"));
  PIGEON_TRY(statement->with().step());
  const auto id = statement->integer(0);
  statement->reset();
  return id;
}

// The version is written, not read: that keeps other writers out, here by the lock on the row, in a cluster
// by the conflict at the commit.
Result<bool> Connection::claim(std::int64_t object) {
  auto* update = PIGEON_TRY(prepare("UPDATE objects SET version = version + 1 WHERE id = ?"));
  PIGEON_TRY(update->with(object).run());
  return false;
}

Done Connection::begin(For purpose) {
  // Each statement that only reads is a state of its own.
  if (purpose == For::reading) return {};
  PIGEON_TRY(execute("START TRANSACTION;\n"));
  is_writing_ = true;
  return {};
}

Done Connection::commit() {
  auto committed = execute("COMMIT;\n");
  if (committed) {
    is_writing_ = false;
    return committed;
  }
  // Only a server that says that it rolled back has told what happened.
  committed.failure().may_have_happened = course_ != Course::again;
  return committed;
}

void Connection::roll_back() noexcept {
  if (!std::exchange(is_writing_, false)) return;
  try {
    for (auto& [sql, statement] : statements_) statement.reset();
    connection_->rollback();
  } catch (const std::exception&) {
    // Without its connection, a server rolls back by itself.
    course_ = Course::elsewhere;
  }
}

Statement::Statement(Connection& connection, std::unique_ptr<sql::PreparedStatement> statement)
    : connection_(connection), statement_(std::move(statement)) {
  auto* described = statement_->getMetaData();
  const auto count = described == nullptr ? 0 : described->getColumnCount();
  for (unsigned column = 1; column <= count; ++column) {
    columns_.push_back({described->getColumnLabel(column).asStdString(),
                        described->getColumnType(column) == sql::DataType::BIGINT});
  }
}

void Statement::bind(int index, std::int64_t value) {
  statement_->setInt64(static_cast<unsigned>(index) + 1, value);
}
void Statement::bind(int index, std::string_view value) {
  statement_->setString(static_cast<unsigned>(index) + 1, SQLString(value.data(), value.size()));
}

Result<bool> Statement::step() {
  return connection_.attempt([&] {
    if (!is_executed_) {
      is_executed_ = true;
      if (columns_.empty()) {
        changed_ = statement_->executeUpdate();
      } else {
        rows_.reset(statement_->executeQuery());
      }
    }
    if (rows_ && rows_->next()) return true;
    reset();
    return false;
  });
}

Result<std::int64_t> Statement::run() {
  while (PIGEON_TRY(step())) {
  }
  return changed_;
}

std::string Statement::text(int column) const {
  return rows_->getString(static_cast<unsigned>(column) + 1).asStdString();
}
std::int64_t Statement::integer(int column) const {
  return rows_->getInt64(static_cast<unsigned>(column) + 1);
}
bool Statement::is_null(int column) const {
  return rows_->isNull(static_cast<unsigned>(column) + 1);
}

}  // namespace datatree_sql
