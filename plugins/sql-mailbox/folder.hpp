// SPDX-License-Identifier: MIT
//
// Names of folders, as they stand in the database: UTF-8, with "/" between levels, and empty for the main
// one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sql_mailbox {

// Nothing if it cannot be the name of a folder. "INBOX", however it is written, is the main folder.
std::optional<std::string> folder_name(std::string_view wanted);

}  // namespace sql_mailbox
