// SPDX-License-Identifier: MIT
//
// Which plugins there are: the names in the plugin directories. A plugin is found by looking its name up
// here; no path is ever made from a name that came out of a database or a message.
#pragma once

#include "host/loader/trust.hpp"

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/text.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::loader {

// "datatree", "module", "MDA", "creator".
std::string_view kind_name(std::uint32_t kind);
// "a datatree", "an MDA".
std::string a_kind(std::uint32_t kind);
// The kind that a plugin of this name has.
std::uint32_t kind_of(std::string_view name);

class Index {
 public:
  struct Entry {
    std::string name;  // as the file is called
    std::string path;  // absolute
  };

  // Lists the directories; the first that has a name wins. Two names in one directory that differ in case
  // only are a failure, because objectclasses compare without case.
  static Result<Index> of(const std::vector<std::string>& directories, const Trust& trust);

  // Names compare without case. nullptr: there is none.
  [[nodiscard]] const Entry* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, Entry, NameLess>& entries() const { return entries_; }
  // For messages: "/usr/lib/pigeon/plugins, /opt/plugins".
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  std::map<std::string, Entry, NameLess> entries_;
  std::string where_;
};

}  // namespace pigeon::loader
