// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include "connecting.hpp"
#include "meaning.hpp"
#include "resolver.hpp"

#include <pigeon/sdk/text.hpp>

#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>

#include <algorithm>
#include <new>

namespace sql_server {
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
    // What stands by itself is done at once, and holds nothing.
    if (begins_by_itself_ && !is_writing_) {
      connection_->setAutoCommit(true);
      begins_by_itself_ = false;
    }
    return call();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return failed();
  }
}

// REQUIRES: an exception is being handled.
Failure Connection::failed() {
  try {
    throw;
  } catch (const sql::SQLException& exception) {
    const auto meaning = meaning_of(exception.getErrorCode());
    course_ = meaning.course;
    auto met = pigeon::failure(meaning.status, tried_ + ": " + exception.what() + " (error " +
                                                   std::to_string(exception.getErrorCode()) + ")");
    met.remedy = meaning.remedy_for(plugin_);
    return met;
  } catch (const std::exception& exception) {
    course_ = Course::elsewhere;
    return pigeon::unavailable(tried_ + ": " + exception.what());
  }
}

Done Connection::check_time() {
  course_ = Course::none;
  if (!deadline_.passed()) return {};
  return pigeon::failure(PIGEON_TIMEOUT, tried_ + ": the time is over");
}

Done Connection::connect(const Account& account, const Server& server, const Purpose& purpose,
                         Deadline deadline) {
  plugin_ = account.plugin;
  shown_ = account.database + " on " + server.shown();
  tried_ = purpose.tried + " " + shown_;
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
    if (!purpose.database.empty()) options.emplace("schema", SQLString(purpose.database));
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
  // What a client whose host has died had locked, the server would keep for hours.
  constexpr seconds kBesidesPatience{5};
  const auto idle = std::to_string((patience_ + kBesidesPatience).count());
  PIGEON_TRY(
      execute("SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
              "collation_connection = 'utf8mb4_nopad_bin', tx_isolation = 'READ-COMMITTED', "
              "innodb_lock_wait_timeout = " +
              patience + ", lock_wait_timeout = " + patience + ", idle_transaction_timeout = " + idle +
              (purpose.session.empty() ? "" : ", ") + purpose.session + ";\n"));
  return account.tls == Account::Tls::off ? Done() : check_encryption();
}

Done Connection::check_encryption() {
  auto* status = PIGEON_TRY(prepare("SHOW SESSION STATUS LIKE 'Ssl_cipher'"));
  const bool is_encrypted = PIGEON_TRY(status->with().step()) && !status->text(1).empty();
  status->reset();
  if (is_encrypted) return {};
  return pigeon::misconfigured(tried_ + ": the connection is not encrypted")
      .with_remedy("let the server have a certificate (ssl_cert, ssl_key), or set \"tls\": \"off\"");
}

Result<std::vector<std::string>> Connection::first_row(const std::string& sql) {
  return attempt([&] {
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery(SQLString(sql)));
    std::vector<std::string> row;
    if (!rows->next()) return row;
    const auto columns = rows->getMetaData()->getColumnCount();
    for (unsigned column = 1; column <= columns; ++column)
      row.push_back(rows->getString(column).asStdString());
    return row;
  });
}

bool Connection::can_wait_until(Deadline deadline) {
  deadline_ = deadline;
  return patience_ <= at_least_one(deadline.left());
}

Result<sql_database::Statement*> Connection::prepare(const std::string& sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  return attempt([&]() -> sql_database::Statement* {
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

Done Connection::begin(For purpose) {
  // Each statement that only reads is a state of its own.
  if (purpose == For::reading) return {};
  if (purpose == For::writing) {
    PIGEON_TRY(execute("START TRANSACTION;\n"));
  } else if (!begins_by_itself_) {
    PIGEON_TRY(attempt([&] { return connection_->setAutoCommit(false), true; }));
    begins_by_itself_ = true;
  }
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

// What fails before the COMMIT leaves the transaction open, or was rolled back. A server that says neither
// has not told what happened.
Done Connection::commit_by(sql_database::Statement& last) {
  const auto done = last.run();
  if (done) {
    is_writing_ = false;
    return {};
  }
  auto failure = done.failure();
  const auto course = course_;
  if (course != Course::again) {
    const auto row = first_row("SELECT @@in_transaction");
    failure.may_have_happened = !row || row->empty() || row->front() != "1";
  }
  course_ = course;
  return failure;
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

}  // namespace sql_server
