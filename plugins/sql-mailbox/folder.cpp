// SPDX-License-Identifier: MIT
#include "folder.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>

namespace sql_mailbox {

std::optional<std::string> folder_name(std::string_view wanted) {
  constexpr std::size_t kLongest = 500;  // octets; a key of the database
  if (wanted.empty() || pigeon::same_name(wanted, "INBOX")) return "";
  if (wanted.size() > kLongest || !pigeon::is_utf8(wanted) || pigeon::has_control_characters(wanted))
    return std::nullopt;
  const auto levels = pigeon::split(wanted, '/');
  if (std::any_of(levels.begin(), levels.end(), [](auto level) { return level.empty(); }))
    return std::nullopt;
  return std::string(wanted);
}

}  // namespace sql_mailbox
