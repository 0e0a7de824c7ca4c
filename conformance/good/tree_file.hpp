// SPDX-License-Identifier: MIT
//
// A tree as the text of one file: a line for each class of the schema, a line for each object, and a last
// line by which a reader knows that it has all of it.
//
//   . CLASS ATTRIBUTE...
//   PATH CLASS +AUXILIARY... !LOCK NAME=VALUE...
//   end LENGTH HASH
//
// In values as in paths, "%" and two hexadecimal digits are any byte.
#pragma once

#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <map>
#include <string>

namespace specimen {

using namespace pigeon;  // NOLINT(google-build-using-namespace): every mutant speaks of plugins

struct Record {
  Object object;
  std::string lock = {};  // the token under which it is locked; empty: it is not
};

struct State {
  std::map<std::string, Record> objects;            // by path: parents first
  std::map<std::string, Values, NameLess> classes;  // the attributes of each
};

std::string spell(const State& state);
// shown: what a failure calls the file.
Result<State> parse(const std::string& text, const std::string& shown);

}  // namespace specimen
