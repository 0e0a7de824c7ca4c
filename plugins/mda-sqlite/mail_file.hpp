// SPDX-License-Identifier: MIT
//
// One principal's mailbox on disk:
//
//   {base}/.pigeon-base        the base's mark: without it, nothing is looked for or made below
//   {base}/{home}/mail.db      the mailbox, an SQLite database; the stamp is in its table of mailboxes
//   {base}/{home}/mail.db-wal  its log, which belongs to it: what was committed last may be only there
//   {base}/{home}/mail.db-shm  the log's index
//
// mail.db-journal is there while a file that was kept without a log is changed, and what is left of one would
// be played back into whatever file has the name.
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

#include <cstdint>
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

  // Whether there is one that nobody has ever put a table into: whoever made it stopped before that.
  // REQUIRES: the home is locked.
  static Result<bool> is_blank(Directory home, Deadline patience);

  MailFile(const MailFile&) = delete;
  MailFile& operator=(const MailFile&) = delete;
  MailFile(MailFile&&) = delete;
  MailFile& operator=(MailFile&&) = delete;
  // Whoever comes next reads all of the log: where it has become large, it is emptied.
  ~MailFile() override;

  // Whether the file in this home, which may be another directory by now, is the one that is open here.
  [[nodiscard]] Result<bool> is_in(const Directory& home) const;

 private:
  explicit MailFile(Directory home) : home_(std::move(home)) {}
  Result<bool> open_there(Deadline patience);
  Done check_mark();
  Done open_log();
  Done flush_log();
  Result<bool> has_tables();
  Done make_tables();

  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t directory = 0;
    std::uint64_t file = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  // Nothing: there is none. What is not a file of this mailbox alone is a failure.
  static Result<std::optional<Identity>> examine(const Directory& home);

  Directory home_;
  Identity identity_;
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

// Whether there is something of the name of a mailbox.
inline Result<bool> has_file(const Directory& home) {
  return home.has("mail.db");
}

// Removes the files of a mailbox, in the order that lets whoever is interrupted begin again: as long as the
// mailbox can be opened it has its log. REQUIRES: the home is locked.
Done remove_files(const Directory& home);

}  // namespace mda_sqlite
