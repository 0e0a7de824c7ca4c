// SPDX-License-Identifier: MIT
//
// Changes of one object: read, changed here, and written on the condition that it is still what was read.
#pragma once

#include "reader.hpp"

#include <pigeon/sdk/datatree.hpp>

#include <optional>
#include <string>
#include <vector>

namespace datatree_ldap {

using pigeon::Applied;

// The filter that matches an entry only as long as nobody has written to it, and the token holds.
Result<std::string> unchanged(const Entry& entry, const std::optional<pigeon::Token>& token);

// What makes `before` into `after`.
std::vector<Modification> difference(const Object& before, const Object& after, const Vocabulary& vocabulary);

class Writer {
 public:
  Writer(Connection& connection, Context& context, Deadline deadline)
      : connection_(connection), context_(context), deadline_(deadline) {}

  Result<Applied> apply(const pigeon::Update& update);

  // Who holds the lock, and on which entry. Nothing if there is no such object.
  struct Lock {
    std::string dn;
    pigeon::Token token;  // empty if nobody does
  };
  Result<std::optional<Lock>> observe(const TreePath& path);
  // Puts `ours` in the place of what was observed, in one modification; an empty one is no lock. False if
  // that changed.
  Result<bool> exchange(const Lock& observed, const pigeon::Token& ours);

 private:
  // Nothing: the object has changed since it was read.
  Result<std::optional<Applied>> try_once(const pigeon::Update& update);
  Result<std::optional<Applied>> write(const TreePath& path, const std::optional<Found>& found,
                                       const std::optional<Object>& after, const pigeon::Update& update);
  Result<Applied> change(const pigeon::Change& change, std::optional<Object>& object, const TreePath& path);
  Done remove_class(const std::string& objectclass, Object& object);
  Result<Answer> alter(const Alteration& alteration);
  Result<Answer> alter_at(Connection& connection, const Alteration& alteration, unsigned hops,
                          Deadline deadline);

  Connection& connection_;
  Context& context_;
  Deadline deadline_;
  std::string failed_on_;  // the number of the state that was read before a write that came too late
};

}  // namespace datatree_ldap
