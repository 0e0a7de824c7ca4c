// SPDX-License-Identifier: MIT
//
// Objects of the tree, owned, and their crossing of the plugin API.
#pragma once

#include <pigeon/abi/object.h>
#include <pigeon/sdk/text.hpp>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::inline v0 {

using Values = std::vector<std::string>;

// Properties by name, which compares without case. A name with no values is not in it.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<const std::string, Values>> list) : map_(list) {}

  [[nodiscard]] bool has(std::string_view name) const { return map_.find(name) != map_.end(); }
  // The one value; nothing if there is none, or more than one.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    const auto found = map_.find(name);
    if (found == map_.end() || found->second.size() != 1) return std::nullopt;
    return found->second.front();
  }
  [[nodiscard]] std::span<const std::string> all(std::string_view name) const {
    const auto found = map_.find(name);
    return found == map_.end() ? std::span<const std::string>() : found->second;
  }
  void set(std::string_view name, Values values) {
    erase(name);
    if (!values.empty()) map_.emplace(name, std::move(values));
  }
  void set(std::string_view name, std::string_view value) { set(name, Values{std::string(value)}); }
  void add(std::string_view name, std::string_view value) {
    const auto found = map_.find(name);
    if (found == map_.end()) return set(name, value);
    found->second.emplace_back(value);
  }
  void erase(std::string_view name) {
    if (const auto found = map_.find(name); found != map_.end()) map_.erase(found);
  }
  [[nodiscard]] auto begin() const { return map_.begin(); }
  [[nodiscard]] auto end() const { return map_.end(); }
  [[nodiscard]] std::size_t size() const { return map_.size(); }
  [[nodiscard]] bool empty() const { return map_.empty(); }
  friend bool operator==(const Attributes&, const Attributes&) = default;

 private:
  std::map<std::string, Values, NameLess> map_;
};

struct Object {
  std::string path;
  std::string objectclass;
  std::vector<std::string> auxiliary = {};
  Attributes attributes = {};
  std::string alias = {};

  [[nodiscard]] bool has_auxiliary(std::string_view name) const {
    return std::any_of(auxiliary.begin(), auxiliary.end(),
                       [&](const auto& each) { return same_name(each, name); });
  }
  friend bool operator==(const Object&, const Object&) = default;
};

// An object and those one level below it.
struct Slice {
  Object object;
  std::vector<Object> children = {};
};

inline Attributes copy(const pigeon_attribute* attributes, std::size_t count) {
  Attributes copied;
  for (const auto& attribute : std::span(attributes, count)) {
    Values values;
    for (const auto& value : std::span(attribute.values, attribute.value_count))
      values.push_back(copy(value));
    copied.set(view(attribute.name), std::move(values));
  }
  return copied;
}

inline Object copy(const pigeon_object& object) {
  Object copied{.path = copy(object.path), .objectclass = copy(object.objectclass)};
  for (const auto& name : std::span(object.auxiliary, object.auxiliary_count))
    copied.auxiliary.push_back(copy(name));
  copied.attributes = copy(object.attributes, object.attribute_count);
  copied.alias = copy(object.alias);
  return copied;
}

inline Slice copy(const pigeon_slice& slice) {
  Slice copied{.object = copy(*slice.object)};
  for (const auto* child : std::span(slice.children, slice.child_count))
    copied.children.push_back(copy(*child));
  return copied;
}

// Strings, attributes, objects and slices as C sees them. Each keeps the arrays; the texts stay the caller's,
// who must outlive it. Neither is copied: the arrays point into themselves.
class LentStrings {
 public:
  explicit LentStrings(std::span<const std::string> texts) {
    for (const auto& text : texts) strings_.push_back(borrow(text));
  }
  LentStrings(const LentStrings&) = delete;
  LentStrings& operator=(const LentStrings&) = delete;
  LentStrings(LentStrings&&) = default;
  LentStrings& operator=(LentStrings&&) = default;
  ~LentStrings() = default;

  [[nodiscard]] const pigeon_string* data() const { return strings_.data(); }
  [[nodiscard]] std::size_t size() const { return strings_.size(); }

 private:
  std::vector<pigeon_string> strings_;
};

class LentAttributes {
 public:
  explicit LentAttributes(const Attributes& attributes) {
    for (const auto& [name, values] : attributes) {
      const auto& lent = values_.emplace_back(values);
      attributes_.push_back({borrow(name), lent.data(), lent.size()});
    }
  }
  LentAttributes(const LentAttributes&) = delete;
  LentAttributes& operator=(const LentAttributes&) = delete;
  LentAttributes(LentAttributes&&) = default;
  LentAttributes& operator=(LentAttributes&&) = default;
  ~LentAttributes() = default;

  [[nodiscard]] const pigeon_attribute* data() const { return attributes_.data(); }
  [[nodiscard]] std::size_t size() const { return attributes_.size(); }

 private:
  std::vector<LentStrings> values_;
  std::vector<pigeon_attribute> attributes_;
};

class LentObject {
 public:
  explicit LentObject(const Object& object)
      : auxiliary_(object.auxiliary),
        attributes_(object.attributes),
        object_{sizeof object_,
                0,
                borrow(object.path),
                borrow(object.alias),
                borrow(object.objectclass),
                auxiliary_.data(),
                auxiliary_.size(),
                attributes_.data(),
                attributes_.size()} {}

  [[nodiscard]] const pigeon_object& get() const { return object_; }

 private:
  LentStrings auxiliary_;
  LentAttributes attributes_;
  pigeon_object object_;
};

class LentSlice {
 public:
  explicit LentSlice(const Slice& slice) : object_(slice.object) {
    children_.reserve(slice.children.size());
    for (const auto& child : slice.children) pointers_.push_back(&children_.emplace_back(child).get());
    slice_ = {sizeof slice_, 0, &object_.get(), pointers_.data(), pointers_.size()};
  }
  LentSlice(const LentSlice&) = delete;
  LentSlice& operator=(const LentSlice&) = delete;
  LentSlice(LentSlice&&) = delete;
  LentSlice& operator=(LentSlice&&) = delete;
  ~LentSlice() = default;

  [[nodiscard]] const pigeon_slice& get() const { return slice_; }

 private:
  LentObject object_;
  std::vector<LentObject> children_;
  std::vector<const pigeon_object*> pointers_;
  pigeon_slice slice_ = {};
};

}  // namespace pigeon::inline v0
