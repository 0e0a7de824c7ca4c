// SPDX-License-Identifier: MIT
//
// Pages of what is below an object, in the order of the names' octets. LDAP has no order of its own: so the
// names of a level are read first, in pages of the protocol's (RFC 2696), and kept for the calls that go on
// from there.
#pragma once

#include "reader.hpp"

#include <pigeon/sdk/datatree.hpp>

#include <list>
#include <optional>
#include <string>
#include <vector>

namespace datatree_ldap {

class Listing {
 public:
  Result<std::optional<Objects>> page(Connection& connection, Context& context, const pigeon::Page& request,
                                      Deadline deadline);
  // What was kept may no longer be so.
  void forget() { levels_.clear(); }

 private:
  struct Level {
    TreePath path;  // what the names are below
    std::string dn;
    std::string after;               // where the next call goes on
    std::vector<std::string> names;  // sorted
    std::size_t next = 0;
  };
  // The names of what is below an entry, on this server or where it refers to.
  static Result<std::vector<std::string>> names_below(Connection& connection, Context& context,
                                                      const std::string& dn, unsigned hops,
                                                      Deadline deadline);
  // Where the last call for this level stopped, or its beginning. Nothing if there is no such object.
  Result<std::optional<Level>> take(Connection& connection, Context& context, const pigeon::Page& request,
                                    Deadline deadline);

  // Of several levels: who walks through a tree goes down into each object of a page before the next page.
  std::list<Level> levels_;
};

}  // namespace datatree_ldap
