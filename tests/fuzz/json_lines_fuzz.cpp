// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/control/output.hpp"

#include <pigeon/sdk/tree_path.hpp>

#include <boost/json/serialize.hpp>

using pigeon::control::from_json;
using pigeon::control::to_json;
using pigeon::fuzz::require;

// A line of an export, as `pigeonctl tree import` takes it.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto object = from_json(pigeon::fuzz::text_of(bytes, size));
  if (!object) {
    require(!object.failure().detail.empty(), "refused in words");
    return 0;
  }
  const auto printed = boost::json::serialize(to_json(*object));
  require(printed.find('\n') == std::string::npos, "one object, one line");
  const auto again = from_json(printed);
  require(again && *again == *object, "what is exported can be imported");
  return 0;
}
