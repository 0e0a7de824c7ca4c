// SPDX-License-Identifier: MIT
#include "fields.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <array>

namespace sql_mailbox {
namespace {

constexpr std::array<std::string_view, 8> kIndexed = {"from", "to",         "cc",          "subject",
                                                      "date", "message-id", "in-reply-to", "references"};

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<Field> fields_of(std::string_view begin) {
  std::vector<Field> found;
  bool is_open = false;  // what follows may continue the last one
  while (!begin.empty()) {
    const auto end = begin.find('\n');
    // A line that is not whole may be one that was cut.
    if (end == std::string_view::npos) {
      if (is_open) found.pop_back();
      break;
    }
    auto line = begin.substr(0, end);
    begin.remove_prefix(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) break;
    if (is_blank(line.front())) {
      if (is_open) found.back().value += " " + std::string(trimmed(line));
      continue;
    }
    is_open = false;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = pigeon::fold(trimmed(line.substr(0, colon)));
    if (std::find(kIndexed.begin(), kIndexed.end(), name) == kIndexed.end()) continue;
    found.push_back({name, std::string(trimmed(line.substr(colon + 1)))});
    is_open = true;
  }
  std::erase_if(found, [](const Field& each) { return each.value.size() > kLongestValue; });
  if (found.size() > kMostFields) found.resize(kMostFields);
  return found;
}

}  // namespace sql_mailbox
