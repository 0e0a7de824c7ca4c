// SPDX-License-Identifier: MIT
//
// Domain names with other letters than ASCII, by libidn2. The library is loaded when the first such name
// comes: few recipients have one, and every other delivery is quicker without it.
#pragma once

#include <pigeon/sdk/result.hpp>

#include <optional>
#include <string>

namespace pigeon::host {

// The A-labels of a domain (RFC 5890, section 2.3.2.1), in lower case. Nothing: it is no domain name. A
// failure: it could not be told.
Result<std::optional<std::string>> to_a_labels(const std::string& domain);

}  // namespace pigeon::host
