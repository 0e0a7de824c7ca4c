// SPDX-License-Identifier: MIT
//
// Pages of what is below an object, in the order of the names' octets. LDAP has no order of its own: so the
// names of a level are read first, in pages of the protocol's (RFC 2696), and kept for the calls that go on
// from there.
#pragma once

#include "reader.hpp"

#include <pigeon/sdk/datatree.hpp>

#include <optional>
#include <string>
#include <vector>

namespace datatree_ldap {

class Listing {
 public:
  Result<std::optional<Objects>> page(Connection& connection, Context& context, const pigeon::Page& request,
                                      Deadline deadline);
  // What was kept may no longer be so.
  void forget() { path_.reset(); }

 private:
  // The names of what is below an entry, on this server or where it refers to.
  static Result<std::vector<std::string>> names_below(Connection& connection, Context& context,
                                                      const std::string& dn, unsigned hops,
                                                      Deadline deadline);
  // False: there is no such object.
  Result<bool> begin(Connection& connection, Context& context, const pigeon::Page& request,
                     Deadline deadline);

  std::optional<TreePath> path_;  // what the names are below
  std::string dn_;
  std::string after_;               // where the next call goes on
  std::vector<std::string> names_;  // sorted
  std::size_t next_ = 0;
};

}  // namespace datatree_ldap
