// SPDX-License-Identifier: MIT
//
// A tree as the text of one file: a line for each class of the schema, a line for each object, and a last
// line by which a reader knows that it has all of it.
//
//   . CLASS ATTRIBUTE...
//   PATH CLASS +AUXILIARY... !LOCK NAME=VALUE...
//   end LENGTH HASH
//
// In values as in paths, "%" and two hexadecimal digits are any byte.
#pragma once

#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <map>
#include <string>
#include <string_view>

namespace specimen {

using namespace pigeon;  // NOLINT(google-build-using-namespace): every mutant speaks of plugins

struct Record {
  Object object;
  std::string lock = {};  // the token under which it is locked; empty: it is not
};

struct State {
  std::map<std::string, Record> objects;            // by path: parents first
  std::map<std::string, Values, NameLess> classes;  // the attributes of each
};

inline std::string last_line(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return "end " + std::to_string(text.size()) + " " + std::to_string(hash) + "\n";
}

inline std::string spell(const State& state) {
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

inline void parse_object(std::span<const std::string_view> words, State& state) {
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

inline Result<State> parse(const std::string& text, const std::string& shown) {
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
