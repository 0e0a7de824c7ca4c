// SPDX-License-Identifier: MIT
//
// How a principal comes to a mailbox: an allocation is proposed by the MDA, committed to the tree by a
// creator, made real by the MDA, and marked as ready. Each step can be repeated, and whoever dies between two
// of them is overtaken by the next delivery.
#pragma once

#include "host/attempt.hpp"
#include "host/plugins.hpp"
#include "host/tree.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace pigeon::host {

// An allocation as it stands on a principal in the tree, with all of the object's attributes.
struct StandingAllocation {
  std::string mda;
  Allocation allocation;
  bool is_ready;
};

// What stands on the object; nothing if there is none. Two of them, or one without an id, are a mistake in
// the tree.
Result<std::optional<StandingAllocation>> standing_allocation(const Object& principal);

// Of an object's attributes, those that the MDA's allocation class declares.
Attributes declared_only(const Attributes& attributes, const Opened& mda);

class Allocator {
 public:
  Allocator(Tree& tree, Plugins& plugins, Log& log) : tree_(tree), plugins_(plugins), log_(log) {}

  // The principal's allocation for this MDA, real and ready. In a dry run: the one that there is, or that
  // would be.
  Result<Allocation> allocate(Attempt& attempt, const Object& module_object, std::string_view creator,
                              std::string_view mda);

  // The attributes that the MDA proposes for a principal, under a new id. Nothing is written.
  Result<Allocation> propose(Opened& mda, const Principal& principal, const Attributes& requests);

  // Writes the allocation of a principal that has none, on that condition.
  Result<Applied> commit(const TreePath& principal, const std::string& mda, const Allocation& allocation,
                         bool is_ready, std::vector<Precondition> preconditions,
                         const std::optional<Token>& token, Deadline deadline);

  // What the administrator requests for the principal, on its own object of the module's class. On a domain's
  // object a request is a mistake: it would put every user into one mailbox.
  Result<Attributes> requests_for(const Attempt& attempt, const Object& module_object, const Opened& mda);

  // The preferences for this MDA on the module's object, over the defaults that the MDA declares.
  static Result<Settings> preferences(const Object& module_object, const Opened& mda);

 private:
  Done make_ready(const Attempt& attempt, Opened& mda, const Allocation& allocation);
  Result<Allocation> obtain(Attempt& attempt, std::string_view creator, Opened& mda,
                            const Attributes& requests);

  Tree& tree_;
  Plugins& plugins_;
  Log& log_;
};

// Calls into an MDA, each marked, answered and bounded.
Done ensure(Opened& mda, const Allocation& allocation, Deadline deadline);

}  // namespace pigeon::host
