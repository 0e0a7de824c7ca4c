// SPDX-License-Identifier: MIT
#include "mail_file.hpp"

#include <sql-mailbox/dialect.hpp>
#include <sqlite-file/local.hpp>

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>

namespace mda_sqlite {
namespace {

constexpr const char* kFile = "mail.db";
constexpr const char* kLog = "mail.db-wal";
constexpr const char* kIndex = "mail.db-shm";
constexpr const char* kJournal = "mail.db-journal";
constexpr const char* kPurged = ".mail.db.purged";
// Whoever comes alone reads the whole log first; whoever writes it back to the file flushes twice more.
constexpr std::int64_t kLargeLog = 1 << 20;

Failure wrong(const Directory& home, const std::string& what, const std::string& remedy) {
  return pigeon::misconfigured("open mailbox " + home.below(kFile) + ": " + what).with_remedy(remedy);
}

}  // namespace

MailFile::~MailFile() {
  struct stat log = {};
  if (has_changed() && ::fstatat(home_.fd(), kLog, &log, AT_SYMLINK_NOFOLLOW) == 0 && log.st_size > kLargeLog)
    empty_log();
}

// What is not a file of this mailbox alone is not believed. Looked at without being opened: when a process
// closes a file, whatever locks it has on that are gone, and SQLite may have some, for another thread.
Result<std::optional<MailFile::Identity>> MailFile::examine(const Directory& home) {
  struct stat status = {};
  if (::fstatat(home.fd(), kFile, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return pigeon::system_failure("examine " + home.below(kFile), errno);
  }
  const auto word = pigeon::shell_word(home.below(kFile));
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1) {
    return wrong(home, "it is not a regular file of one name",
                 "look at " + word + ", and put back what should be there");
  }
  if (status.st_uid != ::geteuid() || (status.st_mode & 077U) != 0) {
    return wrong(home,
                 "it must belong to uid " + std::to_string(::geteuid()) +
                     " and be readable and writable by nobody else",
                 "chown " + std::to_string(::geteuid()) + " " + word + " && chmod 600 " + word);
  }
  struct statfs system = {};
  if (::fstatfs(home.fd(), &system) != 0)
    return pigeon::system_failure("examine the file system of " + home.shown(), errno);
  if (sqlite_file::is_remote(system)) {
    return wrong(home, "it is on a network file system",
                 "put the base of mda-sqlite on a local file system; mda-maildir can do without");
  }
  struct stat directory = {};
  if (::fstat(home.fd(), &directory) != 0) return pigeon::system_failure("examine " + home.shown(), errno);
  return Identity{.device = status.st_dev, .directory = directory.st_ino, .file = status.st_ino};
}

Result<bool> MailFile::is_in(const Directory& home) const {
  const auto found = PIGEON_TRY(examine(home));
  return found && *found == identity_;
}

Result<bool> MailFile::open_there(Deadline patience) {
  const auto found = PIGEON_TRY(examine(home_));
  if (!found) return false;
  identity_ = *found;
  PIGEON_TRY(Database::open({.path = "/proc/self/fd/" + std::to_string(home_.fd()) + "/" + kFile,
                             .shown = home_.below(kFile),
                             .what = "mailbox",
                             .is_literal = true}));
  wait_until(patience);
  if (is_read_only()) return wrong(home_, "it can only be read", "let this user write to it");
  // A log that has grown with a large message is cut back when it is begun anew.
  PIGEON_TRY(execute("PRAGMA journal_size_limit = 4194304; PRAGMA temp_store = MEMORY"));
  return true;
}

Done MailFile::check_mark() {
  if (PIGEON_TRY(pragma("application_id")) != sql_mailbox::kApplicationId) {
    return wrong(home_, "it is not marked as a mailbox of PigeonDeliver", "restore it from a backup");
  }
  const auto version = PIGEON_TRY(pragma("user_version"));
  if (version == sql_mailbox::kLayoutVersion) return {};
  return wrong(home_,
               "it has layout " + std::to_string(version) + ", and this plugin knows " +
                   std::to_string(sql_mailbox::kLayoutVersion),
               "upgrade PigeonDeliver");
}

// A copy that was put back may have been made without a log. And the log, which stays open from the first
// read on, was opened by its name, after the file was: where the mailbox was purged in between, it may be the
// log of the next one.
Done MailFile::open_log() {
  if (!PIGEON_TRY(use_log())) {
    return wrong(home_, "it cannot be kept with a log (WAL)",
                 "put the base of mda-sqlite on a local file system");
  }
  if (!has_moved()) return {};
  return pigeon::failure(PIGEON_BUSY, "open mailbox " + home_.below(kFile) + ": it was removed meanwhile");
}

// A commit is flushed before others see it, but for one of somebody who was killed just before that.
Done MailFile::flush_log() {
  const auto log = PIGEON_TRY(home_.open_file(kLog));
  if (log && ::fsync(log->get()) != 0) return pigeon::system_failure("flush " + home_.below(kLog), errno);
  return {};
}

Result<std::unique_ptr<MailFile>> MailFile::open(Directory home, Deadline patience) {
  std::unique_ptr<MailFile> file(new MailFile(std::move(home)));
  if (!PIGEON_TRY(file->open_there(patience))) return std::unique_ptr<MailFile>();
  PIGEON_TRY(file->check_mark());
  PIGEON_TRY(file->open_log());
  return file;
}

Result<bool> MailFile::has_tables() {
  auto* tables = PIGEON_TRY(prepare("SELECT count(*) FROM sqlite_schema"));
  PIGEON_TRY(tables->with().step());
  const bool has_any = tables->integer(0) != 0;
  tables->reset();
  return has_any;
}

Result<bool> MailFile::is_blank(Directory home, Deadline patience) {
  MailFile file(std::move(home));
  if (!PIGEON_TRY(file.open_there(patience)) || PIGEON_TRY(file.has_tables())) return false;
  // Others use an empty file, too, and mark it.
  return PIGEON_TRY(file.pragma("application_id")) == 0;
}

// A new file is empty until all tables are in it.
Done MailFile::make_tables() {
  PIGEON_TRY(open_log());
  auto transaction = PIGEON_TRY(sql_database::Transaction::begin(*this, For::writing));
  const auto& dialect = sql_mailbox::sqlite_dialect();
  PIGEON_TRY(execute(std::string(dialect.own_tables) + dialect.messages_table(sql_mailbox::kSharedMessages)));
  return transaction.commit();
}

Result<std::unique_ptr<MailFile>> MailFile::create(Directory home, Deadline patience) {
  if (!PIGEON_TRY(home.has(kFile))) {
    // What an interrupted purge has left is no log of this file.
    PIGEON_TRY(remove_files(home));
    PIGEON_TRY(home.create_file(kFile));
  }
  std::unique_ptr<MailFile> file(new MailFile(std::move(home)));
  if (!PIGEON_TRY(file->open_there(patience)))
    return pigeon::temporary("make mailbox " + file->home_.below(kFile) + ": it vanished at once");
  if (PIGEON_TRY(file->has_tables())) {
    PIGEON_TRY(file->check_mark());
    PIGEON_TRY(file->open_log());
    PIGEON_TRY(file->flush_log());
  } else {
    PIGEON_TRY(file->make_tables());
  }
  PIGEON_TRY(file->home_.flush());
  return file;
}

sql_mailbox::Place place_in(const std::string& home_shown) {
  return {.name = "mailbox", .own_table = sql_mailbox::kSharedMessages, .shown = home_shown + "/" + kFile};
}

Result<HomeLock> HomeLock::take(const Directory& home, Deadline deadline) {
  // A descriptor of its own: a lock belongs to what was opened.
  auto own = PIGEON_TRY(home.find("."));
  if (!own) return pigeon::temporary("lock " + home.shown() + ": it vanished at once");
  constexpr auto kPause = std::chrono::milliseconds(5);
  while (::flock(own->fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return pigeon::system_failure("lock " + home.shown(), errno);
    if (deadline.passed()) {
      return pigeon::failure(PIGEON_BUSY, "lock " + home.shown() + ": another process has it")
          .with_remedy("see which (fuser " + pigeon::shell_word(home.shown()) + ")");
    }
    std::this_thread::sleep_for(kPause);
  }
  return HomeLock(*std::move(own));
}

Done remove_files(const Directory& home) {
  if (PIGEON_TRY(home.has(kFile))) {
    PIGEON_TRY(home.rename(kFile, home, kPurged));
    PIGEON_TRY(home.flush());
  }
  bool has_removed = false;
  for (const auto* name : {kLog, kIndex, kJournal, kPurged}) has_removed |= PIGEON_TRY(home.remove(name));
  return has_removed ? home.flush() : Done();
}

}  // namespace mda_sqlite
