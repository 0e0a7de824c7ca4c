// SPDX-License-Identifier: MIT
//
// What bench-store compares an MDA with: the same bytes, made durable in the same way, and nothing else done.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace pigeon::bench {

// Stores so many copies of the message at once, and returns when they are durable.
using Bare = std::function<void(std::size_t messages)>;

// place: a directory, or for "sql" SOCKET USER PASSWORD DATABASE, separated by blanks.
//   maildir   the files, flushes and renames of mda-maildir: claims, messages, names
//   mbox      one write and one flush for all, behind what is there
//   sqlite    one insert for each in one transaction, as mda-sqlite sets its files up
//   sql       one insert of so many rows, and a commit
Bare bare_maildir(const std::string& place, const std::string& message);
Bare bare_mbox(const std::string& place, const std::string& message);
Bare bare_sqlite(const std::string& place, const std::string& message);
Bare bare_sql(const std::string& place, const std::string& message);

[[noreturn]] void die(const std::string& why);

}  // namespace pigeon::bench
