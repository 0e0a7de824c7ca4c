// SPDX-License-Identifier: MIT
//
// The line that every message of an mbox begins with, as in RFC 4155: "From ", the sender, and when the
// message came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mda_mbox {

constexpr std::string_view kFrom = "From ";
// What is longer is no such line.
constexpr std::size_t kLongestFromLine = 1024;

// With its line end. The sender becomes one word of printable ASCII, and the null sender MAILER-DAEMON; the
// time is UTC.
std::string from_line(std::string_view sender, std::int64_t received);

// When the message came whose line this is; nothing if it is not such a line. Other programs write the time
// in ways of their own: with a zone, without seconds, with words behind it. Without a zone it is taken for
// UTC.
std::optional<std::int64_t> time_of_from_line(std::string_view line);

}  // namespace mda_mbox
