// SPDX-License-Identifier: MIT
//
// Fields in the header of a message by which programs that read an mbox keep what they know of it: marks,
// numbers, lengths. A message that comes with such fields of its own would tell them lies; so its own are
// kept under other names, and what is found under these names was put there by a reader of the mbox.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mda_mbox {

// In front of the name of a field that belongs to the message itself.
constexpr std::string_view kKept = "Pigeon-Kept-";
// At the very top of a message whose last line has no end; an mbox needs one there.
constexpr std::string_view kUnfinished = "Pigeon-Kept-End: no newline";
// More of a line is never needed to know what it is.
constexpr std::size_t kFieldHead = 128;

enum class Field {
  other,
  reader,      // Status and its like
  kept,        // the message's own, under its other name
  unfinished,  // kUnfinished
};
// What a line of a header is, by its beginning: all of it, or kFieldHead bytes.
Field classify(std::string_view line);

// Whether a line of a message's own would be taken for something else.
inline bool needs_other_name(std::string_view line) {
  return classify(line) != Field::other;
}

// The marks that a reader's field says.
std::uint32_t marks_of(std::string_view line);
// Fields that say these marks; none if there are none.
std::string fields_of(std::uint32_t marks);

}  // namespace mda_mbox
