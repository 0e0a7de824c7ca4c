// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <sql-tree/layout.hpp>
#include <sql-tree/reader.hpp>
#include <sqlite-file/local.hpp>

#include <pigeon/sdk/file.hpp>

#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

namespace datatree_sqlite {
namespace {

Failure wrong(const std::string& path, const std::string& what, const std::string& remedy) {
  return pigeon::misconfigured("open the tree " + path + ": " + what).with_remedy(remedy);
}

// Of an absolute path.
std::string directory_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

// SQLite's log needs memory that all its users share, so the file must be local; and whoever can write it
// decides whose mail goes where.
Done check_file(const std::string& path) {
  const auto word = pigeon::shell_word(path);
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) {
    return wrong(path, "there is none",
                 "run `pigeonctl init` to make one, or correct \"datatree-sqlite\": {\"path\"}");
  }
  if (::lstat(path.c_str(), &status) != 0) return pigeon::system_failure("examine the tree " + path, errno);
  if (!S_ISREG(status.st_mode))
    return wrong(path, "it is not a regular file", "put the tree itself there, not a link");
  if (status.st_uid != ::geteuid()) {
    return wrong(path,
                 "it belongs to uid " + std::to_string(status.st_uid) + ", and this is uid " +
                     std::to_string(::geteuid()),
                 "run the delivery as the owner of the tree, or chown it");
  }
  if ((status.st_mode & 022U) != 0) return wrong(path, "others may write to it", "chmod 600 " + word);
  struct stat above = {};
  const auto directory = directory_of(path);
  if (::stat(directory.c_str(), &above) != 0) return pigeon::system_failure("examine " + directory, errno);
  if ((above.st_uid != 0 && above.st_uid != ::geteuid()) || (above.st_mode & 022U) != 0) {
    return wrong(path, "others may put another file in its place",
                 "chown " + std::to_string(::geteuid()) + " " + pigeon::shell_word(directory) +
                     " && chmod 700 " + pigeon::shell_word(directory));
  }
  if ((status.st_mode & 0200U) == 0) return wrong(path, "it is read-only", "chmod 600 " + word);
  struct statfs system = {};
  if (::statfs(path.c_str(), &system) != 0)
    return pigeon::system_failure("examine the file system of " + path, errno);
  if (sqlite_file::is_remote(system)) {
    return wrong(path, "it is on a network file system", "put the tree on a local file system");
  }
  return {};
}

// Links in the path to the directory are the administrator's own; the tree's file itself must not be one.
std::string resolved(const std::string& path) {
  std::array<char, PATH_MAX> directory = {};
  if (::realpath(directory_of(path).c_str(), directory.data()) == nullptr) return path;
  return directory.data() + path.substr(path.rfind('/'));
}

Done check_mark(Database& database) {
  if (PIGEON_TRY(database.pragma("application_id")) != sql_tree::kApplicationId) {
    return pigeon::unavailable("open the tree " + database.shown() +
                               ": it is not marked as a tree of PigeonDeliver")
        .with_remedy("correct \"datatree-sqlite\": {\"path\"}, or restore the tree from a backup");
  }
  const auto version = PIGEON_TRY(database.pragma("user_version"));
  if (version == sql_tree::kLayoutVersion) return {};
  return wrong(database.shown(),
               "it has layout " + std::to_string(version) + ", and this plugin knows " +
                   std::to_string(sql_tree::kLayoutVersion),
               "upgrade PigeonDeliver, or run `pigeonctl init`");
}

}  // namespace

Result<std::unique_ptr<Tree>> Tree::open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
  return std::make_unique<Tree>(settings.text("path"), settings.time("busyTimeout"));
}

Result<sql_tree::Connection*> Tree::connect(Need /*need*/, Deadline deadline) {
  const auto patience = Deadline::in(std::min(deadline.left(), busy_timeout_));
  if (!database_) {
    PIGEON_TRY(check_file(path_));
    auto database = PIGEON_TRY(Database::open(resolved(path_)));
    database->wait_until(patience);
    if (database->is_read_only())
      return wrong(path_, "it can only be read", "let this user write to it and its directory");
    PIGEON_TRY(check_mark(*database));
    database_ = std::move(database);
  }
  database_->wait_until(patience);
  return database_.get();
}

bool Tree::recovers(const Failure& failure, sql_database::Retries& /*made*/, Deadline /*deadline*/) {
  if (failure.status != PIGEON_BUSY) database_.reset();
  return false;
}

Done Tree::initialize(const pigeon_schema& schema, Deadline deadline) {
  const auto directory = directory_of(path_);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return pigeon::system_failure("make directory " + directory, errno)
        .with_remedy("install -d -o " + std::to_string(::geteuid()) + " -m 700 " +
                     pigeon::shell_word(directory));
  }
  // Ours alone from the beginning, whatever the umask; SQLite gives its log the same mode.
  const pigeon::Fd made(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!made.is_open() && errno != EEXIST) return pigeon::system_failure("make the tree " + path_, errno);
  PIGEON_TRY(check_file(path_));
  auto database = PIGEON_TRY(Database::create(resolved(path_)));
  database->wait_until(deadline);
  // A database of something else is not ours to change. A new one is empty.
  auto* tables = PIGEON_TRY(database->prepare("SELECT count(*) FROM sqlite_schema"));
  PIGEON_TRY(tables->with().step());
  if (tables->integer(0) != 0) PIGEON_TRY(check_mark(*database));
  tables->reset();
  PIGEON_TRY(database->execute("PRAGMA journal_mode = WAL"));
  auto transaction = PIGEON_TRY(sql_tree::Transaction::begin(*database, sql_tree::Transaction::For::writing));
  PIGEON_TRY(sql_tree::make_tables(*database, schema));
  PIGEON_TRY(sql_tree::make_root(*database));
  PIGEON_TRY(transaction.commit());
  // The name of a new file is its directory's to remember.
  for (const auto& each : {directory, directory_of(directory)}) {
    const auto opened = PIGEON_TRY(pigeon::Directory::open(each));
    if (opened) PIGEON_TRY(opened->flush());
  }
  return {};
}

Done Tree::check(Deadline deadline) {
  auto* database = PIGEON_TRY(connect(Need::original, deadline));
  auto* statement = PIGEON_TRY(database->prepare("PRAGMA quick_check(1)"));
  PIGEON_TRY(statement->with().step());
  const auto answer = statement->text(0);
  statement->reset();
  if (answer != "ok") {
    return pigeon::unavailable("check the tree " + path_ + ": " + answer)
        .with_remedy("restore the tree from a backup");
  }
  const auto transaction =
      PIGEON_TRY(sql_tree::Transaction::begin(*database, sql_tree::Transaction::For::reading));
  PIGEON_TRY(sql_tree::Reader(*database).find(pigeon::TreePath()));
  return {};
}

}  // namespace datatree_sqlite
