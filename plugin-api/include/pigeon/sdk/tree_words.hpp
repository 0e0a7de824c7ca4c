// SPDX-License-Identifier: MIT
//
// Objects read by the words that every object of the tree has: name, enable, force, and one object of a class
// per level.
#pragma once

#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/tree_path.hpp>
#include <pigeon/sdk/values.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pigeon::inline v0 {

// The value of a property that is TRUE or FALSE; `otherwise` where it is missing. Anything else is a mistake
// in the tree, never a guess.
inline Result<bool> flag_of(const Object& object, const std::string& name, bool otherwise) {
  const auto values = object.attributes.all(name);
  if (values.empty()) return otherwise;
  const auto value = values.size() == 1 ? boolean(values.front()) : std::nullopt;
  if (value) return *value;
  return misconfigured("property '" + name + "' of " + object.path + " is '" +
                       printable(join(values, "', '")) + "', which is neither TRUE nor FALSE")
      .with_remedy("pigeonctl tree set " + shell_word(object.path) + " " + name + "=TRUE (or FALSE)");
}

inline Result<bool> is_enabled(const Object& object) {
  return flag_of(object, "enable", true);
}
inline Result<bool> is_forced(const Object& object) {
  return flag_of(object, "force", false);
}

// The one object of this class among them, or nullptr; two are a mistake in the tree.
inline Result<const Object*> only_of_class(const std::vector<Object>& objects, std::string_view objectclass) {
  const Object* found = nullptr;
  for (const auto& object : objects) {
    if (!same_name(object.objectclass, objectclass)) continue;
    if (found != nullptr) {
      return misconfigured(found->path + " and " + object.path + " are both of class " +
                           printable(objectclass) + ", where there may be one")
          .with_remedy("pigeonctl tree remove " + shell_word(object.path) + " (or the other one)");
    }
    found = &object;
  }
  return found;
}

// The last name of an object's path; empty for the root.
inline std::string name_of(const Object& object) {
  const auto path = TreePath::parse(object.path);
  return path && !path->is_root() ? path->name() : "";
}

}  // namespace pigeon::inline v0
