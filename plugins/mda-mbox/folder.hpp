// SPDX-License-Identifier: MIT
//
// Names of files: of a mailbox, and of its folders, which are files of one directory, "Work.Reports" for
// Work/Reports; what other programs have made in directories below that, "Work/Reports", is the same folder.
// None of them can be taken for the lock of another one, "NAME.lock".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mda_mbox {

constexpr std::string_view kLockSuffix = ".lock";
constexpr std::string_view kFoldersSuffix = ".folders";

// A name that ends like a lock or a directory of folders gets a "=" behind it, and one that would be taken
// for such a one gets another.
std::string apart(std::string name);
bool is_apart(std::string_view name);

// Empty for the main folder (INBOX); nothing if it cannot be the name of a folder. Levels are separated by
// "/".
std::optional<std::string> folder_file(std::string_view folder);
// The other way; what is not well-formed is shown as it is.
std::string folder_name(std::string_view file);

// Whether a file below the directory of folders is one, by its name.
bool is_folder_file(std::string_view file);

// By which name our own records know a folder's file, which other programs may have called anything: a single
// word, which can be a part of a file's name.
std::string folder_key(const std::string& file);

}  // namespace mda_mbox
