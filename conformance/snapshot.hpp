// SPDX-License-Identifier: MIT
//
// What is below a directory, to be compared with what is there later.
#pragma once

#include <map>
#include <string>

namespace pigeon::conformance {

// By path, relative to the directory: what kind of thing it is, its mode, and its content.
using Snapshot = std::map<std::string, std::string>;

Snapshot snapshot_of(const std::string& directory);

// SQLite's index of its log is memory that its processes share. It lies beside the database, and the first
// process that comes after all others have gone makes it anew, whatever it holds: so what is written there
// need not be seen.
bool is_index_of_sqlite(const std::string& path);

// "a/b is new, c has changed, d is gone"; empty if they are the same.
std::string difference(const Snapshot& before, const Snapshot& after);

}  // namespace pigeon::conformance
