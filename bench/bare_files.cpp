// SPDX-License-Identifier: MIT
#include "bench/store.hpp"

#include <pigeon/sdk/file.hpp>

#include <sqlite3.h>
#include <sys/uio.h>

#include <memory>
#include <utility>
#include <vector>

namespace pigeon::bench {
namespace {

// mda-maildir flushes the file system from so many messages on.
constexpr std::size_t kWorthOneFlush = 3;

void check(const Done& done) {
  if (!done) die(done.failure().detail);
}

Directory directory_of(const std::string& path) {
  auto opened = Directory::open(path);
  if (!opened || !*opened) die("open " + path);
  return **std::move(opened);
}

class BareMaildir {
 public:
  BareMaildir(const std::string& place, std::string message)
      : top_(directory_of(place)),
        pending_(made("pending")),
        done_(made("done")),
        tmp_(made("tmp")),
        fresh_(made("new")),
        message_(std::move(message)) {}

  void store(std::size_t messages) {
    std::vector<std::string> names;
    std::vector<Fd> files;
    for (std::size_t i = 0; i < messages; ++i) {
      names.push_back(std::to_string(next_++));
      create(pending_, names.back());
      files.push_back(create(tmp_, names.back()));
      check(write_all(files.back(), message_, names.back()));
    }
    const bool is_many = messages >= kWorthOneFlush;
    if (is_many) flush_all();
    for (std::size_t i = 0; i < messages && !is_many; ++i) {
      check(flush(files[i], names[i]));
      check(pending_.flush());
    }
    for (const auto& name : names) check(tmp_.rename(name, fresh_, name));
    if (is_many) flush_all();
    for (std::size_t i = 0; i < messages && !is_many; ++i) check(fresh_.flush());
    for (const auto& name : names) check(pending_.rename(name, done_, name));
  }

 private:
  Directory made(const std::string& name) const {
    auto made = top_.make(name);
    if (!made) die(made.failure().detail);
    return *std::move(made);
  }
  static Fd create(const Directory& directory, const std::string& name) {
    auto created = directory.create_file(name);
    if (!created || !*created) die("create " + directory.below(name));
    return **std::move(created);
  }
  void flush_all() const {
    if (::syncfs(top_.fd()) != 0) die("flush the file system");
  }

  Directory top_;
  Directory pending_;
  Directory done_;
  Directory tmp_;
  Directory fresh_;  // "new"
  std::string message_;
  std::size_t next_ = 0;
};

class Sqlite {
 public:
  explicit Sqlite(const std::string& file) {
    if (::sqlite3_open(file.c_str(), &database_) != SQLITE_OK) die("open " + file);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE bare (id INTEGER PRIMARY KEY, text BLOB NOT NULL)");
    if (::sqlite3_prepare_v2(database_, "INSERT INTO bare (text) VALUES (?)", -1, &insert_, nullptr) !=
        SQLITE_OK)
      die("prepare the insert");
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  Sqlite(Sqlite&&) = delete;
  Sqlite& operator=(Sqlite&&) = delete;
  ~Sqlite() {
    ::sqlite3_finalize(insert_);
    ::sqlite3_close(database_);
  }

  void store(const std::string& message, std::size_t messages) const {
    run("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < messages; ++i) {
      ::sqlite3_bind_blob64(insert_, 1, message.data(), message.size(), SQLITE_STATIC);
      if (::sqlite3_step(insert_) != SQLITE_DONE) die("insert");
      ::sqlite3_reset(insert_);
    }
    run("COMMIT");
  }

 private:
  void run(const char* statement) const {
    if (::sqlite3_exec(database_, statement, nullptr, nullptr, nullptr) != SQLITE_OK)
      die(std::string(statement) + ": " + ::sqlite3_errmsg(database_));
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

}  // namespace

Bare bare_maildir(const std::string& place, const std::string& message) {
  const auto maildir = std::make_shared<BareMaildir>(place, message);
  return [maildir](std::size_t messages) { maildir->store(messages); };
}

// From where each message is, as they come.
Bare bare_mbox(const std::string& place, const std::string& message) {
  const auto path = place + "/mbox";
  const auto file =
      std::make_shared<Fd>(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file->is_open()) die("open " + path);
  auto whole = "From bob@example.org Thu Jan  1 00:00:00 1970\n" + message + "\n";
  return [file, path, whole = std::move(whole)](std::size_t messages) mutable {
    const std::vector<iovec> all(messages, {whole.data(), whole.size()});
    const auto wanted = static_cast<ssize_t>(messages * whole.size());
    if (::writev(file->get(), all.data(), static_cast<int>(all.size())) != wanted) die("write " + path);
    check(flush(*file, path));
  };
}

Bare bare_sqlite(const std::string& place, const std::string& message) {
  const auto database = std::make_shared<Sqlite>(place + "/bare.db");
  return [database, message](std::size_t messages) { database->store(message, messages); };
}

}  // namespace pigeon::bench
