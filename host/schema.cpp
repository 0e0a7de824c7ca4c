// SPDX-License-Identifier: MIT
#include "host/schema.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/values.hpp>

#include <algorithm>
#include <span>
#include <string_view>

namespace pigeon::host {
namespace {

std::span<const pigeon_declaration> common_attributes(const pigeon_class& declared) {
  constexpr std::string_view kSuffix = tree::kAllocationSuffix;
  const std::string_view name = declared.name;
  if (declared.kind == PIGEON_CLASS_STRUCTURAL) return tree::kEveryObject;
  if (name.size() > kSuffix.size() && same_name(name.substr(name.size() - kSuffix.size()), kSuffix)) {
    return tree::kEveryAllocation;
  }
  return {};
}

bool are_alike(const pigeon_declaration& a, const pigeon_declaration& b) {
  constexpr auto kMulti = PIGEON_DECLARATION_MULTI;
  const auto text = [](const char* value) { return std::string_view(value == nullptr ? "" : value); };
  return a.type == b.type && (a.flags & kMulti) == (b.flags & kMulti) && text(a.choices) == text(b.choices);
}

}  // namespace

Result<Schema> Schema::of(Plugins& plugins, const std::function<void(const Failure&)>& complain) {
  Schema schema;
  for (const auto* each : tree::kClasses) PIGEON_TRY(schema.add(*each, "the tree itself"));
  for (const auto& [name, entry] : plugins.index().entries()) {
    const auto plugin = plugins.describe(loader::kind_of(name), name);
    if (!plugin) {
      complain(plugin.failure());
      continue;
    }
    for (const auto* each : std::span((*plugin)->classes, (*plugin)->class_count)) {
      if (auto added = schema.add(*each, name); !added) complain(added.failure());
    }
  }
  schema.schema_ = {sizeof schema.schema_, 0, schema.classes_.data(), schema.classes_.size()};
  return schema;
}

Done Schema::add(const pigeon_class& declared, std::string_view plugin) {
  const auto refuse = [&](const std::string& why) {
    return misconfigured("take class " + printable(declared.name) + " of " + std::string(plugin) + ": " + why)
        .with_remedy("remove one of the two plugins");
  };
  if (!is_key_string(declared.name)) return refuse("this cannot be the name of a class");
  if (find(declared.name) != nullptr) return refuse("another plugin declares a class of that name");
  const auto common = common_attributes(declared);
  std::vector<pigeon_declaration> attributes(common.begin(), common.end());
  for (const auto& each : std::span(declared.attributes, declared.attribute_count)) {
    if (!is_key_string(each.name)) return refuse("an attribute has a name that cannot be one");
    for (const auto& [other, owner] : declared_) {
      if (owner != plugin && same_name(other->name, each.name) && !are_alike(*other, each)) {
        return refuse("it declares attribute " + std::string(each.name) + " otherwise than " + owner);
      }
    }
    attributes.push_back(each);
  }
  const auto& kept = attributes_.emplace_back(std::move(attributes));
  for (const auto& each : kept) declared_.emplace_back(&each, plugin);
  const pigeon_class complete = {declared.name, declared.kind, 0, declared.meaning, kept.data(), kept.size()};
  classes_.push_back(&complete_.emplace_back(complete));
  return {};
}

const pigeon_class* Schema::find(std::string_view name) const {
  const auto found = std::find_if(classes_.begin(), classes_.end(),
                                  [&](const auto* each) { return same_name(each->name, name); });
  return found == classes_.end() ? nullptr : *found;
}

const pigeon_declaration* Schema::attribute_of(const Object& object, std::string_view name) const {
  auto classes = object.auxiliary;
  classes.insert(classes.begin(), object.objectclass);
  for (const auto& objectclass : classes) {
    const auto* declared = find(objectclass);
    if (declared == nullptr) continue;
    for (const auto& each : std::span(declared->attributes, declared->attribute_count)) {
      if (same_name(each.name, name)) return &each;
    }
  }
  return nullptr;
}

Result<Object> Schema::checked(const Object& object) const {
  Object checked{.path = object.path};
  const auto refuse = [&](const std::string& why) {
    return misconfigured("write " + object.path + ": " + why);
  };
  const auto spelled = [&](const std::string& name, std::uint32_t kind) -> Result<std::string> {
    const auto* declared = find(name);
    if (declared == nullptr) {
      return refuse("no installed plugin declares a class '" + printable(name) + "'")
          .with_remedy("see `pigeonctl schema json` for the classes that there are");
    }
    if (declared->kind == kind) return std::string(declared->name);
    return refuse("class " + name + " is not " +
                  (kind == PIGEON_CLASS_STRUCTURAL ? "structural" : "auxiliary"));
  };
  checked.objectclass = PIGEON_TRY(spelled(object.objectclass, PIGEON_CLASS_STRUCTURAL));
  for (const auto& name : object.auxiliary) {
    checked.auxiliary.push_back(PIGEON_TRY(spelled(name, PIGEON_CLASS_AUXILIARY)));
  }
  for (const auto& [name, values] : object.attributes) {
    const auto* declared = attribute_of(checked, name);
    if (declared == nullptr) {
      return refuse("none of its classes has an attribute '" + printable(name) + "'")
          .with_remedy(
              "see `pigeonctl schema json` for the attributes of each class; add a class with --class");
    }
    if (values.size() > 1 && (declared->flags & PIGEON_DECLARATION_MULTI) == 0) {
      return refuse(std::string("'") + declared->name + "' takes one value")
          .with_remedy(std::string("give ") + declared->name + " once");
    }
    for (const auto& value : values) {
      if (const auto wrong = complaint(*declared, value)) {
        return refuse(std::string("'") + declared->name + "' is '" + printable(value) + "': it " + *wrong)
            .with_remedy(std::string("it means: ") + declared->meaning);
      }
    }
    checked.attributes.set(declared->name, values);
  }
  return checked;
}

}  // namespace pigeon::host
