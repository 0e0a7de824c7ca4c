// SPDX-License-Identifier: MIT
//
// The header fields of a message that are worth looking for. What is not well-formed, or too long, is not
// found; nothing that stands in a message is an error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sql_mailbox {

struct Field {
  std::string name;   // in lower case
  std::string value;  // unfolded, without blanks around it; any octets
};

constexpr std::size_t kLongestValue = 998;
constexpr std::size_t kMostFields = 16;

// begin: of the message; what comes after it is not looked at.
std::vector<Field> fields_of(std::string_view begin);

}  // namespace sql_mailbox
