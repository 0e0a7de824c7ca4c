// SPDX-License-Identifier: MIT
//
// A host's name, looked up by a deadline: libldap itself would wait for a resolver that hangs as long as that
// one likes.
#pragma once

#include "options.hpp"

#include <pigeon/sdk/time.hpp>

namespace datatree_ldap {

// Looks the name up, so that it is known to be answered now, and tells how many addresses there are: each is
// tried. A failure if it was not in time, or is unknown.
pigeon::Result<unsigned> resolve(const Place& place, pigeon::Deadline deadline);

}  // namespace datatree_ldap
