// SPDX-License-Identifier: MIT
//
// The schema that a server has: what of ours is in it, and what has to come.
#pragma once

#include "connection.hpp"
#include "schema.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace datatree_ldap {

class ServerSchema {
 public:
  static Result<ServerSchema> read(Connection& connection, Deadline deadline);

  // The types that a class has beside those of others; nothing if the server has no such class.
  [[nodiscard]] const std::vector<std::string>* types_of(const std::string& objectclass) const;
  // Whether values of this type are compared as octets.
  [[nodiscard]] bool is_octets(const std::string& type) const;
  // Whether an entry has one value of this type at most.
  [[nodiscard]] bool is_single(const std::string& type) const { return single_.contains(type); }
  // What the server lacks, in words; empty if it has all.
  [[nodiscard]] std::vector<std::string> missing(const LdapSchema& wanted) const;

  // Adds what is missing to cn=config, where this identity may do that. Takes nothing away.
  Done extend(Connection& connection, const LdapSchema& wanted, Deadline deadline) const;

 private:
  std::map<std::string, std::string, pigeon::NameLess> equality_;  // by type
  std::set<std::string, pigeon::NameLess> single_;
  std::map<std::string, std::vector<std::string>, pigeon::NameLess> classes_;  // MUST and MAY
};

}  // namespace datatree_ldap
