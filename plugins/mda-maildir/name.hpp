// SPDX-License-Identifier: MIT
//
// Names of messages: "1700000000.M1P2TID.host,S=3,W=4:2,FS". Before the colon, what makes it unique; after
// it, what readers have marked it with.
#pragma once

#include <pigeon/sdk/file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mda_maildir {

// A new name for a message with this token, unique by that alone; the rest is what readers of Maildirs
// expect: the time first, the sizes last. received: seconds since 1970; nothing means now.
std::string message_name(const std::string& token, const pigeon::Written& written,
                         std::optional<std::int64_t> received);

// What stays the same whatever a reader marks.
std::string_view unique_part(std::string_view name);

// PIGEON_MARK_*, and the end of the name of a message that has them: nothing for none.
std::uint32_t marks_in(std::string_view name);
std::string marks_as_text(std::uint32_t marks);

// When it came, from its beginning; nothing if that is no time.
std::optional<std::int64_t> time_in(std::string_view name);

// The token of one of our names.
std::optional<std::string> token_in(std::string_view name);

}  // namespace mda_maildir
