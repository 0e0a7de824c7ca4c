// SPDX-License-Identifier: MIT
#include "database.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>

namespace sqlite_file {
namespace {

// What a failure of SQLite means for a mail: always that it waits; and for the administrator, what to do.
struct Meaning {
  int code;
  pigeon_status status;
  const char* remedy;
};
constexpr Meaning kMeanings[] = {
    {SQLITE_BUSY, PIGEON_BUSY, "see which process keeps the {} locked (fuser FILE)"},
    {SQLITE_LOCKED, PIGEON_BUSY, "see which process keeps the {} locked (fuser FILE)"},
    {SQLITE_FULL, PIGEON_NO_SPACE, "free space on the file system of the {}"},
    {SQLITE_READONLY, PIGEON_MISCONFIGURED, "let the delivering user write to the {}'s file and directory"},
    {SQLITE_PERM, PIGEON_MISCONFIGURED, "let the delivering user write to the {}'s file and directory"},
    {SQLITE_CANTOPEN, PIGEON_UNAVAILABLE,
     "let the delivering user read and write the {}'s file and directory"},
    {SQLITE_NOTADB, PIGEON_UNAVAILABLE, "restore the {} from a backup: the file is damaged, or is not a {}"},
    {SQLITE_CORRUPT, PIGEON_UNAVAILABLE, "restore the {} from a backup: the file is damaged, or is not a {}"},
    {SQLITE_IOERR, PIGEON_UNAVAILABLE, "see the kernel's log about the disk of the {}"},
};

// Before SQLite is first used in this process. What it refuses, because somebody else was first, is only
// slower.
void configure_sqlite() {
  // Counting what is allocated takes a lock for each allocation, and nobody asks for the count.
  static_cast<void>(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0));
  // A delivery reads some fifteen pages. Memory for more, in advance, is only touched.
  static_cast<void>(sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0));
}

// What SQLite said last on this connection.
Failure failure_of(sqlite3* connection, const std::string& tried, const std::string& what) {
  const int code = sqlite3_extended_errcode(connection);
  auto met = pigeon::unavailable(tried + ": " + sqlite3_errmsg(connection) + " (SQLite " +
                                 std::to_string(code) + ")");
  for (const auto& meaning : kMeanings) {
    if (meaning.code != (code & 0xff)) continue;
    met.status = meaning.status;
    met.remedy = meaning.remedy;
  }
  for (auto at = met.remedy.find("{}"); at != std::string::npos; at = met.remedy.find("{}", at))
    met.remedy.replace(at, 2, what);
  return met;
}

constexpr const char* kLiteral = "literal";

int take_as_it_is(sqlite3_vfs* /*vfs*/, const char* path, int size, char* full) {
  const auto length = std::strlen(path);
  if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(full, path, length + 1);
  return SQLITE_OK;
}

// Registers the VFS of the system under this name, but that it takes a path as it is. The system's own
// resolves the links in it first, and a descriptor of this process is one: then what is opened would be found
// by a path again. Without memory for it, nothing is opened by that name.
void register_literal() {
  static std::mutex mutex;
  static sqlite3_vfs vfs;
  const std::lock_guard guard(mutex);
  const auto* usual = sqlite3_vfs_find(nullptr);
  if (usual == nullptr || sqlite3_vfs_find(kLiteral) != nullptr) return;
  vfs = *usual;
  vfs.zName = kLiteral;
  vfs.pNext = nullptr;
  vfs.xFullPathname = take_as_it_is;
  static_cast<void>(sqlite3_vfs_register(&vfs, 0));
}

}  // namespace

Failure Database::failed(const std::string& verb) {
  has_failed_ = true;
  return failure_of(connection_.get(), verb + " the " + what_ + " " + shown_, what_);
}

bool Database::has_moved() const {
  int moved = 1;
  return sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
         moved != 0;
}

void Database::empty_log() noexcept {
  sqlite3_busy_timeout(connection_.get(), 0);
  sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  has_failed_ = true;
  auto met = failure_of(connection_, tried_, what_);
  sqlite3_reset(statement_.get());
  return met;
}

Result<std::int64_t> Statement::run() {
  while (PIGEON_TRY(step())) {
  }
  return sqlite3_changes64(connection_);
}

std::string Statement::text(int column) const {
  const char* text = given(reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column)));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string() : std::string(text, size);
}

bool Statement::column_is_integer(int column) const {
  const char* declared = given(sqlite3_column_decltype(statement_.get(), column));
  return declared != nullptr && std::string_view(declared) == "INTEGER";
}

Done Database::open(const Opening& opening) {
  constexpr int kAlways = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  static std::once_flag configured;
  std::call_once(configured, configure_sqlite);
  shown_ = opening.shown;
  what_ = opening.what;
  // No link may stand for the file itself, even where the path leads through one.
  const int flags =
      kAlways | (opening.creates ? SQLITE_OPEN_CREATE : 0) | (opening.is_literal ? 0 : SQLITE_OPEN_NOFOLLOW);
  if (opening.is_literal) register_literal();
  sqlite3* connection = nullptr;
  const int code =
      sqlite3_open_v2(opening.path.c_str(), &connection, flags, opening.is_literal ? kLiteral : nullptr);
  connection_.reset(connection);
  if (connection == nullptr) return pigeon::temporary("open the " + what_ + " " + shown_ + ": out of memory");
  if (code != SQLITE_OK) return failed("open");
  // The log is made and removed once, not by every process that comes and goes alone.
  int keep = 1;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // What stands in the file cannot call functions with effects.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Nor does it change what a statement of ours does.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  return {};
}

void Database::wait_until(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left()).count();
  sqlite3_busy_timeout(connection_.get(),
                       static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max())));
}

Result<sql_database::Statement*> Database::prepare(const std::string& sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  // As long as one statement is left, its connection stays open.
  Statement::Owned owned(statement);
  if (code != SQLITE_OK) return failed("ask");
  return &statements_
              .try_emplace(sql, connection_.get(), std::move(owned), "ask the " + what_ + " " + shown_, what_,
                           has_failed_)
              .first->second;
}

Done Database::execute(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failed("ask");
}

Done Database::run(const std::string& sql) {
  auto* statement = PIGEON_TRY(prepare(sql));
  PIGEON_TRY(statement->with().run());
  return {};
}

Result<std::int64_t> Database::pragma(const std::string& name) {
  auto* statement = PIGEON_TRY(prepare("PRAGMA " + name));
  PIGEON_TRY(statement->with().step());
  const auto value = statement->integer(0);
  statement->reset();
  return value;
}

Result<bool> Database::use_log() {
  auto* statement = PIGEON_TRY(prepare("PRAGMA journal_mode = WAL"));
  const bool has_log = PIGEON_TRY(statement->with().step()) && statement->text(0) == "wal";
  statement->reset();
  return has_log;
}

Done Database::begin(For purpose) {
  // What is needed to leave the transaction is there before it begins; and one that could not be left, for
  // want of memory, is left now.
  PIGEON_TRY(prepare("ROLLBACK"));
  if (sqlite3_get_autocommit(connection_.get()) == 0) roll_back();
  if (purpose != For::reading && !is_durable_) {
    // With a log the same as FULL; without one, also the removal of the journal is flushed, which is the
    // commit.
    PIGEON_TRY(execute("PRAGMA synchronous = EXTRA"));
    is_durable_ = true;
  }
  // A writer asks for the lock at once: a reader that turns into a writer could only fail.
  auto* begin = PIGEON_TRY(prepare(purpose != For::reading ? "BEGIN IMMEDIATE" : "BEGIN"));
  PIGEON_TRY(begin->with().run());
  return {};
}

// What has failed may have happened all the same: the log may have reached the disk.
Done Database::commit() {
  auto committed = run("COMMIT");
  if (!committed) committed.failure().may_have_happened = true;
  return committed;
}

void Database::roll_back() noexcept {
  for (auto& [sql, statement] : statements_) statement.reset();
  if (auto rollback = prepare("ROLLBACK")) static_cast<void>((*rollback)->with().run());
}

}  // namespace sqlite_file
