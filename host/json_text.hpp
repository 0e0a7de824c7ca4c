// SPDX-License-Identifier: MIT
//
// JSON as people write it: parsing with comments and trailing commas, and where in the text a thing stands.
#pragma once

#include <pigeon/sdk/result.hpp>

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pigeon::host {

// Parses a text; a failure begins with "line:column: ". A key that stands twice in one object is a failure.
Result<boost::json::value> parse_json(std::string_view commented);

// "line:column" of the key reached by `path`, keys from the outermost object inwards; "1:1" if there is none.
std::string position_of(std::string_view commented, const std::vector<std::string>& path);

// Of `known`, the name that `name` was probably meant to be, as " (did you mean 'x'?)"; empty if none is
// near.
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace pigeon::host
