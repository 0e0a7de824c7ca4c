// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include "layout.hpp"
#include "reader.hpp"
#include "writer.hpp"

#include <pigeon/sdk/file.hpp>

#include <linux/magic.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <random>
#include <thread>

namespace datatree_sqlite {
namespace {

using pigeon::nanoseconds;
using pigeon::Token;

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
  constexpr std::array<long, 5> kRemote = {NFS_SUPER_MAGIC, static_cast<long>(0xff534d42), SMB_SUPER_MAGIC,
                                           static_cast<long>(0xfe534d42), CEPH_SUPER_MAGIC};
  if (std::find(kRemote.begin(), kRemote.end(), static_cast<long>(system.f_type)) != kRemote.end()) {
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
  const auto pragma = [&](const std::string& name) -> Result<std::int64_t> {
    auto* statement = PIGEON_TRY(database.prepare("PRAGMA " + name));
    PIGEON_TRY(statement->with().step());
    const auto value = statement->integer(0);
    statement->reset();
    return value;
  };
  if (PIGEON_TRY(pragma("application_id")) != kApplicationId) {
    return pigeon::unavailable("open the tree " + database.path() +
                               ": it is not marked as a tree of PigeonDeliver")
        .with_remedy("correct \"datatree-sqlite\": {\"path\"}, or restore the tree from a backup");
  }
  const auto version = PIGEON_TRY(pragma("user_version"));
  if (version == kLayoutVersion) return {};
  return wrong(database.path(),
               "it has layout " + std::to_string(version) + ", and this plugin knows " +
                   std::to_string(kLayoutVersion),
               "upgrade PigeonDeliver, or run `pigeonctl init`");
}

Result<Token> new_token() {
  std::array<unsigned char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return pigeon::system_failure("get random bytes", errno);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  Token token;
  for (const auto byte : bytes) token += {kHex[byte >> 4U], kHex[byte & 15U]};
  return token;
}

// Long enough not to burden the file, different for each, so that those who wait do not wake together.
void pause(Deadline deadline) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto time = std::chrono::milliseconds(std::uniform_int_distribution<>(5, 25)(random));
  std::this_thread::sleep_for(std::min(nanoseconds(time), deadline.left()));
}

}  // namespace

Result<std::unique_ptr<Tree>> Tree::open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
  return std::make_unique<Tree>(settings.text("path"), settings.time("busyTimeout"));
}

Result<Database*> Tree::connect(Deadline deadline) {
  const auto patience = Deadline::in(std::min(deadline.left(), busy_timeout_));
  if (!database_) {
    PIGEON_TRY(check_file(path_));
    auto database = PIGEON_TRY(Database::open(resolved(path_)));
    database.wait_until(patience);
    if (database.is_read_only())
      return wrong(path_, "it can only be read", "let this user write to it and its directory");
    PIGEON_TRY(check_mark(database));
    database_.emplace(std::move(database));
  }
  database_->wait_until(patience);
  return &*database_;
}

Result<std::optional<pigeon::Objects>> Tree::fetch(const pigeon::Fetch& request) {
  return on_connection<std::optional<pigeon::Objects>>([&]() -> Result<std::optional<pigeon::Objects>> {
    auto* database = PIGEON_TRY(connect(request.deadline));
    const auto transaction = PIGEON_TRY(Transaction::begin(*database, Transaction::For::reading));
    Reader reader(*database);
    const auto row = PIGEON_TRY(reader.find(request.path));
    if (!row) return std::nullopt;
    pigeon::Objects objects = {PIGEON_TRY(reader.object(*row, request.path))};
    PIGEON_TRY(reader.add_below(request.path, request.depth, objects));
    return objects;
  });
}

Result<std::optional<pigeon::Objects>> Tree::children(const pigeon::Page& request) {
  return on_connection<std::optional<pigeon::Objects>>([&]() -> Result<std::optional<pigeon::Objects>> {
    auto* database = PIGEON_TRY(connect(request.deadline));
    const auto transaction = PIGEON_TRY(Transaction::begin(*database, Transaction::For::reading));
    Reader reader(*database);
    if (!PIGEON_TRY(reader.find(request.path))) return std::nullopt;
    pigeon::Objects objects;
    for (const auto& row : PIGEON_TRY(reader.rows_below(request.path, request.after, request.limit))) {
      objects.push_back(PIGEON_TRY(reader.object(row, request.path.child(row.name))));
    }
    return objects;
  });
}

Result<pigeon::Applied> Tree::apply(const pigeon::Update& update) {
  std::size_t failed = 0;
  return apply_all({update}, failed);
}

Result<pigeon::Applied> Tree::apply_all(const std::vector<pigeon::Update>& updates, std::size_t& failed) {
  return on_connection<pigeon::Applied>([&]() -> Result<pigeon::Applied> {
    if (updates.empty()) return Applied::yes;
    auto* database = PIGEON_TRY(connect(updates.front().deadline));
    auto transaction = PIGEON_TRY(Transaction::begin(*database, Transaction::For::writing));
    for (failed = 0; failed < updates.size(); ++failed) {
      const auto applied = PIGEON_TRY(Writer(*database).apply(updates[failed]));
      if (applied != Applied::yes) return applied;
    }
    PIGEON_TRY(transaction.commit());
    return Applied::yes;
  });
}

Result<std::optional<Token>> Tree::observe(const pigeon::TreePath& path, Deadline deadline) {
  return on_connection<std::optional<Token>>([&]() -> Result<std::optional<Token>> {
    auto* database = PIGEON_TRY(connect(deadline));
    const auto transaction = PIGEON_TRY(Transaction::begin(*database, Transaction::For::reading));
    const auto row = PIGEON_TRY(Reader(*database).find(path));
    if (!row) return std::nullopt;
    auto* statement = PIGEON_TRY(database->prepare("SELECT token FROM locks WHERE object = ?1"));
    return PIGEON_TRY(statement->with(row->object).step()) ? statement->text(0) : Token();
  });
}

Result<bool> Tree::take(const pigeon::TreePath& path, const Token& observed, const Token& ours,
                        Deadline deadline) {
  return on_connection<bool>([&]() -> Result<bool> {
    auto* database = PIGEON_TRY(connect(deadline));
    auto transaction = PIGEON_TRY(Transaction::begin(*database, Transaction::For::writing));
    const auto row = PIGEON_TRY(Reader(*database).find(path));
    if (!row) return false;
    auto* statement = PIGEON_TRY(database->prepare(
        observed.empty() ? "INSERT INTO locks (object, token) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
                         : "UPDATE locks SET token = ?2 WHERE object = ?1 AND token = ?3"));
    observed.empty() ? statement->with(row->object, std::string_view(ours))
                     : statement->with(row->object, std::string_view(ours), std::string_view(observed));
    PIGEON_TRY(statement->run());
    if (database->changes() == 0) return false;
    PIGEON_TRY(transaction.commit());
    return true;
  });
}

// A holder is overtaken when its token was seen unchanged for a whole lease, by our own clock: nobody's clock
// is compared with anybody else's.
Result<std::optional<Token>> Tree::lock(const pigeon::TreePath& path, nanoseconds lease, Deadline deadline) {
  const auto ours = PIGEON_TRY(new_token());
  std::optional<Token> watched;
  auto since = pigeon::Clock::now();
  for (;;) {
    const auto observed = PIGEON_TRY(observe(path, deadline));
    if (!observed) return std::nullopt;
    if (watched != observed) {
      watched = observed;
      since = pigeon::Clock::now();
    }
    const bool is_free = observed->empty() || pigeon::Clock::now() - since >= lease;
    if (is_free && PIGEON_TRY(take(path, *observed, ours, deadline))) return ours;
    if (deadline.passed()) {
      return pigeon::failure(PIGEON_BUSY,
                             "lock " + path.text() + ": others held the lock until the deadline");
    }
    if (!is_free) pause(deadline);
  }
}

Result<pigeon::Applied> Tree::unlock(const pigeon::TreePath& path, const Token& token, Deadline deadline) {
  return on_connection<pigeon::Applied>([&]() -> Result<pigeon::Applied> {
    auto* database = PIGEON_TRY(connect(deadline));
    auto transaction = PIGEON_TRY(Transaction::begin(*database, Transaction::For::writing));
    const auto row = PIGEON_TRY(Reader(*database).find(path));
    if (!row) return Applied::not_there;
    auto* statement = PIGEON_TRY(database->prepare("DELETE FROM locks WHERE object = ?1 AND token = ?2"));
    PIGEON_TRY(statement->with(row->object, std::string_view(token)).run());
    if (database->changes() == 0) return Applied::conflict;
    PIGEON_TRY(transaction.commit());
    return Applied::yes;
  });
}

Result<std::string> Tree::print_schema(const pigeon_schema& schema, std::string_view language) {
  if (language == "sql") return schema_as_sql(schema);
  return pigeon::failure(PIGEON_UNSUPPORTED, "datatree-sqlite prints its schema as sql only");
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
  database.wait_until(deadline);
  // A database of something else is not ours to change. A new one is empty.
  auto* tables = PIGEON_TRY(database.prepare("SELECT count(*) FROM sqlite_schema"));
  PIGEON_TRY(tables->with().step());
  if (tables->integer(0) != 0) PIGEON_TRY(check_mark(database));
  tables->reset();
  PIGEON_TRY(database.execute("PRAGMA journal_mode = WAL"));
  auto transaction = PIGEON_TRY(Transaction::begin(database, Transaction::For::writing));
  PIGEON_TRY(make_layout(database, schema));
  PIGEON_TRY(transaction.commit());
  // The name of a new file is its directory's to remember.
  for (const auto& each : {directory, directory_of(directory)}) {
    const auto opened = PIGEON_TRY(pigeon::Directory::open(each));
    if (opened) PIGEON_TRY(opened->flush());
  }
  return {};
}

Done Tree::check(Deadline deadline) {
  auto* database = PIGEON_TRY(connect(deadline));
  auto* statement = PIGEON_TRY(database->prepare("PRAGMA quick_check(1)"));
  PIGEON_TRY(statement->with().step());
  const auto answer = statement->text(0);
  statement->reset();
  if (answer != "ok") {
    return pigeon::unavailable("check the tree " + path_ + ": " + answer)
        .with_remedy("restore the tree from a backup");
  }
  const auto transaction = PIGEON_TRY(Transaction::begin(*database, Transaction::For::reading));
  PIGEON_TRY(Reader(*database).find(TreePath()));
  return {};
}

}  // namespace datatree_sqlite
