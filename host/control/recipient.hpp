// SPDX-License-Identifier: MIT
//
// A recipient as an administrator names it, where it stands in the tree, and what would become of a message
// for it.
#pragma once

#include "host/attempt.hpp"
#include "host/control/session.hpp"
#include "host/verdict.hpp"

#include <pigeon/sdk/tree_path.hpp>

#include <string>

namespace pigeon::control {

// The name of a domain, normalised. The tree may hold one that mail cannot be for; only what is added is to
// be as it stands in an address.
Result<std::string> domain_argument(Session& session, const std::string& domain);
Result<std::string> new_domain_argument(Session& session, const std::string& domain);

// "user@domain": the object of the user, below the object of the domain's module that finds users.
struct UserPlace {
  TreePath users;  // the module's object
  TreePath user;
};
Result<UserPlace> user_argument(Session& session, const std::string& address_text);

// Runs the real chain for a recipient, dry. "@domain" is the catch-all of a domain that has one.
struct DryRun {
  host::Attempt attempt;
  host::Verdict verdict;
};
Result<DryRun> run_dry(Session& session, const host::Request& request, const host::Explain& explain);

}  // namespace pigeon::control
