// SPDX-License-Identifier: MIT
//
// The schema of a tree: the classes that are its own, and those that the installed plugins declare.
#pragma once

#include "host/plugins.hpp"

#include <pigeon/abi/schema.h>
#include <pigeon/sdk/object.hpp>
#include <pigeon/sdk/result.hpp>

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pigeon::host {

class Schema {
 public:
  // Loads every plugin that is installed. What is refused is told to `complain` and left out: a plugin that
  // is broken must not keep an administrator from using the others.
  static Result<Schema> of(Plugins& plugins, const std::function<void(const Failure&)>& complain);

  [[nodiscard]] const pigeon_schema& get() const { return schema_; }
  [[nodiscard]] const std::vector<const pigeon_class*>& classes() const { return classes_; }
  // Compares without case; nullptr if there is none.
  [[nodiscard]] const pigeon_class* find(std::string_view name) const;
  // The attribute of this name in the classes of an object; nullptr if none of them has it.
  [[nodiscard]] const pigeon_declaration* attribute_of(const Object& object, std::string_view name) const;

  // Spells classes and attributes as they are declared. A failure says what is wrong with the object: an
  // unknown class, an attribute that none of its classes has, a value that is not of its type.
  Result<Object> checked(const Object& object) const;

 private:
  Done add(const pigeon_class& declared, std::string_view plugin);

  // Complete classes, with the attributes that every object or every allocation has. Lists do not move.
  std::list<std::vector<pigeon_declaration>> attributes_;
  std::list<pigeon_class> complete_;
  std::vector<const pigeon_class*> classes_;
  std::vector<std::pair<const pigeon_declaration*, std::string>> declared_;
  pigeon_schema schema_ = {};
};

}  // namespace pigeon::host
