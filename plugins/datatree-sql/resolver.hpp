// SPDX-License-Identifier: MIT
//
// Host names, without waiting longer than told for a name server that does not answer.
#pragma once

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <string>

namespace datatree_sql {

// An address of the host, as text.
pigeon::Result<std::string> resolve(const std::string& host, pigeon::Deadline deadline);

}  // namespace datatree_sql
