// SPDX-License-Identifier: MIT
//
// The datatree on LDAP servers.
#pragma once

#include "listing.hpp"
#include "reader.hpp"
#include "schema.hpp"
#include "writer.hpp"

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace datatree_ldap {

class Tree {
 public:
  explicit Tree(Options options);
  static Result<std::unique_ptr<Tree>> open(pigeon::Host host, const pigeon::Settings& settings);

  Result<std::optional<pigeon::Objects>> fetch(const pigeon::Fetch& request);
  Result<std::optional<pigeon::Objects>> children(const pigeon::Page& request);
  Result<pigeon::Applied> apply(const pigeon::Update& update);
  Result<std::optional<pigeon::Token>> lock(const pigeon::TreePath& path, std::chrono::nanoseconds lease,
                                            Deadline deadline);
  Result<pigeon::Applied> unlock(const pigeon::TreePath& path, const pigeon::Token& token, Deadline deadline);
  Result<std::string> print_schema(const pigeon_schema& schema, std::string_view language) const;

  Done initialize(const pigeon_schema& schema, Deadline deadline);
  Done check(Deadline deadline);

 private:
  // Where writes go, and what must not lag is read.
  Servers& provider() { return providers_ ? *providers_ : servers_; }
  Result<std::optional<pigeon::Objects>> fetch_from(Servers& servers, const pigeon::Fetch& request);
  Done check_server(Connection& connection, Deadline deadline);
  Done prepare_schema(Connection& connection, const LdapSchema& wanted, Deadline deadline) const;
  Done make_root(Connection& connection, Deadline deadline);

  Options options_;
  Servers servers_;
  std::optional<Servers> providers_;
  Referrals referrals_;
  Context context_;
  Listing listing_;
};

}  // namespace datatree_ldap
