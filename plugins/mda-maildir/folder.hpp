// SPDX-License-Identifier: MIT
//
// Names of folders: what a person calls them, and the directories of Maildir++ (".Work.Reports", in modified
// UTF-7 as in RFC 3501, section 5.1.3, which is what IMAP servers look for).
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mda_maildir {

// Empty for the main folder (INBOX); nothing if it cannot be the name of a folder. Levels are separated by
// "/" or ".".
std::optional<std::string> folder_directory(std::string_view folder);

// The other way, with "/" between levels; what is not well-formed is shown as it is, and fit to be printed.
std::string folder_name(std::string_view directory);

std::string to_modified_utf7(std::string_view utf8);
std::optional<std::string> from_modified_utf7(std::string_view text);

// The directories of a Maildir that hold a folder with a name of its own. Other programs keep files of such
// names there, and a network file system does; and no link is followed.
pigeon::Result<std::vector<std::string>> folder_directories(const pigeon::Directory& maildir);
// Those, and the main folder (""), in order.
pigeon::Result<std::vector<std::string>> all_folders(const pigeon::Directory& maildir);

}  // namespace mda_maildir
