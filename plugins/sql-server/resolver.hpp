// SPDX-License-Identifier: MIT
//
// Host names, without waiting longer than told for a name server that does not answer.
#pragma once

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <string>
#include <vector>

namespace sql_server {

// The addresses of the host, as text; one at least.
pigeon::Result<std::vector<std::string>> resolve(const std::string& host, pigeon::Deadline deadline);

}  // namespace sql_server
