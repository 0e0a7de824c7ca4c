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

// "a/b is new, c has changed, d is gone"; empty if they are the same.
std::string difference(const Snapshot& before, const Snapshot& after);

}  // namespace pigeon::conformance
