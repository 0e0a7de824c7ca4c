// SPDX-License-Identifier: MIT
//
// Objects, read from one server in one go: the marked root, the parent, the object and what is below it.
#pragma once

#include "servers.hpp"

#include <pigeon/sdk/datatree.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace datatree_ldap {

using pigeon::Object;
using pigeon::Objects;

// What readers of one tree share.
struct Context {
  const Options& options;
  Referrals& referrals;
  // The mark of the tree, once it was seen: another server must have the same.
  std::string mark = {};
};

struct Found {
  Objects objects;  // the object first, then what is below it, parents first
  Entry entry;      // the object, as it came
};

// What is below an object. An entry of which one of the two may not be seen comes all the same, and is then
// found to be a part.
inline constexpr const char* kAnyOfOurs = "(|(objectClass=*)(pigeonName=*))";

class Reader {
 public:
  // Types that are asked for: all of the users', and what the server keeps of its own.
  static const pigeon::Values& types();

  Reader(Connection& connection, Context& context, Deadline deadline)
      : connection_(connection), context_(context), deadline_(deadline) {}

  // Nothing if it is not there: the marked root and the parent were read on the same connection. What cannot
  // be told is a failure.
  Result<std::optional<Found>> find(const TreePath& path, unsigned depth);

  // Where the entries of the tree hang, and which path that is.
  struct Anchor {
    Dn base;
    TreePath at;
  };
  // The marked root; where it was read says how the server spells the base.
  Result<Anchor> check_root(const Answer& answer);
  [[nodiscard]] Question root_question() const;

  Result<Object> object_of(const Entry& entry, const TreePath& path) const;
  static bool is_alias(const Entry& entry) { return entry.has_value("objectClass", "alias"); }

 private:
  // An object and what is below it, on this connection, where `dn` is the object `as`.
  struct Wanted {
    std::string dn;
    TreePath as;
    unsigned depth;
  };
  // Whether a copy was filled, asked of the base and everything above it: one of them is the top of what is
  // copied.
  [[nodiscard]] bool must_be_filled() const;
  void add_filled_questions(std::vector<Question>& to) const;
  Done check_filled(std::span<const Answer> answers);
  static void add_questions(const Wanted& wanted, std::vector<Question>& to);
  // The root and the parent are read as well.
  Result<std::optional<Found>> find_with_witnesses(const Wanted& wanted);
  Result<std::optional<Found>> found_in(std::span<Answer> answers, const Wanted& wanted,
                                        const Anchor& anchor);
  Result<std::optional<Found>> find_referred(const pigeon::Values& uris, const Wanted& wanted);
  Result<std::optional<Found>> find_here(const Wanted& wanted);
  // Whether the object at `path` was reached by an alias that is spelled as it was asked for.
  Result<bool> is_alias_of(const Wanted& wanted, const Anchor& anchor);

  Done add_below(const Answer& answer, const Wanted& top, const Anchor& anchor, Objects& to);
  Done add_level_by_level(const Wanted& top, const Anchor& anchor, Objects& to);
  Done add_entry(const Entry& entry, const Wanted& top, const Anchor& anchor, Objects& to);
  Done add_aliased(const Entry& alias, const Wanted& wanted, const Anchor& anchor, Objects& to);
  Done add_referred(const pigeon::Values& uris, const Wanted& top, const Anchor& anchor, Objects& to);
  // Objects at and below `top`, as they are seen from `as`, by which they were reached.
  static void add_seen_from(const TreePath& as, const TreePath& top, Objects objects, Objects& to);
  // Whether the server has looked for it where it must be, and not found it.
  [[nodiscard]] Done check_absence(const Answer& answer, const Answer& parent, const std::string& dn) const;
  [[nodiscard]] Failure strange(const std::string& dn, const std::string& what) const;

  Connection& connection_;
  Context& context_;
  Deadline deadline_;
  unsigned hops_ = 0;
};

}  // namespace datatree_ldap
