// SPDX-License-Identifier: MIT
#include "tree_file.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace specimen {
namespace {

std::string last_line(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return "end " + std::to_string(text.size()) + " " + std::to_string(hash) + "\n";
}

void parse_object(std::span<const std::string_view> words, State& state) {
  auto& [object, lock] = state.objects[std::string(words[0])];
  object.path = words[0];
  object.objectclass = words[1];
  for (const auto word : words.subspan(2)) {
    const auto equal = word.find('=');
    if (word.front() == '+') {
      object.auxiliary.emplace_back(word.substr(1));
    } else if (word.front() == '!') {
      lock = word.substr(1);
    } else {
      object.attributes.add(word.substr(0, equal), TreePath::decode(word.substr(equal + 1)).value_or(""));
    }
  }
}

}  // namespace

std::string spell(const State& state) {
  std::string text;
  for (const auto& [name, attributes] : state.classes)
    text += ". " + name + (attributes.empty() ? "" : " ") + join(attributes, " ") + "\n";
  for (const auto& [path, record] : state.objects) {
    text += path + " " + record.object.objectclass;
    for (const auto& name : record.object.auxiliary) text += " +" + name;
    if (!record.lock.empty()) text += " !" + record.lock;
    for (const auto& [name, values] : record.object.attributes)
      for (const auto& value : values) text += " " + name + "=" + TreePath::encode(value);
    text += "\n";
  }
  return text + last_line(text);
}

Result<State> parse(const std::string& text, const std::string& shown) {
  const auto end = text.rfind("end ");
  if (end == std::string::npos || text.substr(end) != last_line(text.substr(0, end)))
    return unavailable("read " + shown + ": it is not whole");
  State state;
  for (const auto line : split(std::string_view(text).substr(0, end), '\n')) {
    if (line.empty()) continue;
    const auto words = split(line, ' ');
    if (words[0] == ".") {
      state.classes.emplace(words[1], Values(words.begin() + 2, words.end()));
    } else {
      parse_object(words, state);
    }
  }
  if (!state.objects.contains("/")) return unavailable("read " + shown + ": it has no root");
  return state;
}

}  // namespace specimen
