// SPDX-License-Identifier: MIT
//
// One principal's mailbox on disk:
//
//   {base}/.pigeon-base        the base's mark: without it, nothing is looked for or made below
//   {base}/{home}/mail.db      the mailbox, an SQLite database; the stamp is in its table of mailboxes
//   {base}/{home}/mail.db-wal  its log, which belongs to it: what was committed last may be only there
//   {base}/{home}/mail.db-shm  the log's index
//
// SQLite opens its files by path, and that path leads through the descriptor of the home: so what is opened
// lies below the base, whatever is done to the directories above it meanwhile.
#pragma once

#include <sql-mailbox/mailbox.hpp>
#include <sqlite-file/database.hpp>

#include <pigeon/sdk/descriptor.hpp>
#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <memory>
#include <optional>
#include <string>

namespace mda_sqlite {

using pigeon::Allocation;
using pigeon::Deadline;
using pigeon::Directory;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

class MailFile final : public sqlite_file::Database {
 public:
  // The file that is there; nothing if there is none. Waits for others until `patience` is over.
  static Result<std::unique_ptr<MailFile>> open(Directory home, Deadline patience);
  // The same, made if it is not there, and with all tables. REQUIRES: the home is locked.
  static Result<std::unique_ptr<MailFile>> create(Directory home, Deadline patience);

  MailFile(const MailFile&) = delete;
  MailFile& operator=(const MailFile&) = delete;
  MailFile(MailFile&&) = delete;
  MailFile& operator=(MailFile&&) = delete;
  ~MailFile() override;

  // A log that has become large is emptied when this is closed: whoever comes next reads all of it.
  void expect_large_log() { empties_log_ = true; }

 private:
  explicit MailFile(Directory home) : home_(std::move(home)) {}
  Result<bool> open_there(Deadline patience);
  Done check_mark();
  Done make_tables();

  Directory home_;
  bool empties_log_ = false;
};

// The place of the only mailbox in the file of this home.
sql_mailbox::Place place_in(const std::string& home_shown);

// Whoever makes or removes files in a home holds it.
class HomeLock {
 public:
  static Result<HomeLock> take(const Directory& home, Deadline deadline);

 private:
  explicit HomeLock(Directory own) : own_(std::move(own)) {}
  Directory own_;
};

// Removes the files of a mailbox, in the order that lets whoever is interrupted begin again: as long as the
// mailbox can be opened it has its log. REQUIRES: the home is locked.
Done remove_files(const Directory& home);

}  // namespace mda_sqlite
