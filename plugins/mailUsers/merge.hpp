// SPDX-License-Identifier: MIT
//
// Merging a user's configuration with the domain's: module by module, whole object against whole object.
//
//   present on     user's force   domain's force   used
//   both           -              not TRUE         the user's
//   both           TRUE           TRUE             the user's
//   both           not TRUE       TRUE             the domain's
//   one side       -              -                that one
//   neither        -              -                nothing is said about the module
//
// `enable` of the object that is used then says whether the module runs.
#pragma once

#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>

#include <string>
#include <vector>

namespace mail_users {

struct Merged {
  pigeon::Step step;
  std::string why;  // in words, for an explanation
};

// `order` are the modules that may run. Two objects of one class on one side, or a flag that is neither TRUE
// nor FALSE, are mistakes in the tree.
pigeon::Result<std::vector<Merged>> merge(const std::vector<std::string>& order,
                                          const std::vector<pigeon::Object>& user,
                                          const std::vector<pigeon::Object>& domain);

}  // namespace mail_users
