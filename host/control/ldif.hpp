// SPDX-License-Identifier: MIT
//
// Objects as LDIF (RFC 2849), in the words that the tree has in LDAP: what is exported from one tree can be
// loaded into a directory, and what a directory's own tools print of it can be imported.
#pragma once

#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::control {

// A record, with the empty line that ends it. base: the DN of the entry that is the root; may be empty.
std::string to_ldif(const Object& object, std::string_view base);

// Which of an entry's classes is the structural one, LDIF does not say: all of them, in their order.
struct LdifEntry {
  std::uint64_t line = 0;  // where it begins
  TreePath path;
  std::vector<std::string> classes;
  Attributes attributes;
};

// Reads one entry after another. The entry that is the root, and what is above it, is passed over; so are the
// attributes that a server maintains itself, and locks. Anything else that is no object of a tree is a
// failure, which says at which line.
class LdifReader {
 public:
  explicit LdifReader(std::istream& in) : in_(in) {}

  // Nothing at the end.
  Result<std::optional<LdifEntry>> next();

 private:
  struct Line {
    std::string type;
    std::string value;
    std::uint64_t number = 0;
  };
  // The lines of the next record, unfolded and decoded, without comments; empty at the end.
  Result<std::vector<Line>> record();
  Result<std::optional<std::string>> logical_line();
  Result<LdifEntry> entry_of(const std::vector<Line>& lines);
  Done check_base(std::string_view base, std::uint64_t line);

  std::istream& in_;
  std::uint64_t line_ = 0;           // of what was read last
  std::uint64_t begin_ = 0;          // of the logical line that was read last
  std::optional<std::string> base_;  // of the entries so far
};

}  // namespace pigeon::control
