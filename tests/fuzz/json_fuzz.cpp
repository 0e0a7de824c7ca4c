// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/json_text.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

using pigeon::fuzz::require;
using pigeon::host::parse_json;
using pigeon::host::position_of;

namespace {

// "line:column" that lies in the text, or just behind it.
void check_position(std::string_view position, std::string_view text) {
  const auto colon = position.find(':');
  require(colon != std::string_view::npos, "a line and a column");
  const auto line = pigeon::number(position.substr(0, colon));
  const auto column = pigeon::number(position.substr(colon + 1));
  require(line && column && *line >= 1 && *column >= 1, "counted from one");
  const auto lines = pigeon::split(text, '\n');
  require(*line <= lines.size() && *column <= lines[*line - 1].size() + 2, "in the text");
}

// Fractions, and numbers that are too large for integers, are rounded; no setting takes them.
bool is_exact(const boost::json::value& value) {
  if (const auto* list = value.if_array()) return std::all_of(list->begin(), list->end(), is_exact);
  if (const auto* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(),
                       [](const auto& member) { return is_exact(member.value()); });
  }
  return !value.is_double();
}

void check_keys(const boost::json::object& object, std::vector<std::string>& path, std::string_view text) {
  for (const auto& member : object) {
    path.emplace_back(member.key());
    check_position(position_of(text, path), text);
    if (const auto* below = member.value().if_object(); below != nullptr && path.size() < 4)
      check_keys(*below, path, text);
    path.pop_back();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = pigeon::fuzz::text_of(bytes, size);
  const auto parsed = parse_json(text);
  if (!parsed) {
    const auto& detail = parsed.failure().detail;
    check_position(std::string_view(detail).substr(0, detail.find(": ")), text);
    return 0;
  }
  if (is_exact(*parsed)) {
    const auto again = parse_json(boost::json::serialize(*parsed));
    require(again && *again == *parsed, "what was printed is what was parsed");
  }
  std::vector<std::string> path;
  if (size < 4096 && parsed->is_object()) check_keys(parsed->get_object(), path, text);
  return 0;
}
