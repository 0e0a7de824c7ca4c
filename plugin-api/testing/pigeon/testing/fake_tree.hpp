// SPDX-License-Identifier: MIT
//
// A datatree in memory, which keeps the promises of pigeon/abi/datatree.h: the same class shape as a real
// one, so that one suite can test both, and so that what stands on a tree can be tested without a database.
#pragma once

#include <pigeon/sdk/datatree.hpp>
#include <pigeon/sdk/schema.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pigeon::testing {

class FakeTree {
 public:
  FakeTree() { add({.path = "/", .objectclass = tree::kRoot}); }

  // Puts an object in, whatever is there.
  void add(const Object& object) { objects_[*TreePath::parse(object.path)] = object; }

  // From now on every call fails with this; nothing: works again.
  void break_with(std::optional<Failure> failure) { broken_ = std::move(failure); }

  // Lets an object be seen by nobody: it is left out of what is above it, and cannot be asked for.
  void hide(const std::string& path) { hidden_ = TreePath::parse(path); }

  Result<std::optional<Objects>> fetch(const Fetch& request) {
    if (broken_) return *broken_;
    if (hidden_ == request.path) return unavailable("read " + request.path.text() + ": it is hidden");
    const auto* found = PIGEON_TRY(find(request.path));
    if (found == nullptr) return std::nullopt;
    Objects objects = {*found};
    for (const auto& [path, object] : objects_) {
      if (hidden_ == path) continue;
      if (path.is_below(request.path) && path.depth() <= request.path.depth() + request.depth)
        objects.push_back(object);
    }
    return objects;
  }

  Result<std::optional<Objects>> children(const Page& request) {
    if (broken_) return *broken_;
    if (PIGEON_TRY(find(request.path)) == nullptr) return std::nullopt;
    Objects page;
    for (const auto& [path, object] : objects_) {
      const bool is_child = path.is_below(request.path) && path.depth() == request.path.depth() + 1;
      if (is_child && path.name() > request.after && page.size() < request.limit) page.push_back(object);
    }
    return page;
  }

  Result<Applied> apply(const Update& update) {
    if (broken_) return *broken_;
    const auto& path = update.path;
    if (!path.is_root() && PIGEON_TRY(find(path.parent())) == nullptr) return Applied::not_there;
    const auto* found = PIGEON_TRY(find(path));
    std::optional<Object> object = found == nullptr ? std::nullopt : std::optional<Object>(*found);
    for (const auto& condition : update.preconditions) {
      if (!holds(condition, object)) return object ? Applied::conflict : Applied::not_there;
    }
    if (update.token && (!object || locks_[path] != *update.token)) {
      return object ? Applied::conflict : Applied::not_there;
    }
    for (const auto& change : update.changes) {
      const auto changed = apply_one(change, object, path);
      if (changed != Applied::yes) return changed;
    }
    if (object) {
      objects_[path] = *object;
    } else {
      objects_.erase(path);
    }
    return Applied::yes;
  }

  Result<std::optional<Token>> lock(const TreePath& path, nanoseconds lease, Deadline deadline) {
    if (broken_) return *broken_;
    if (PIGEON_TRY(find(path)) == nullptr) return std::nullopt;
    const auto observed = locks_[path];
    const auto since = Clock::now();
    // One thread: nobody unlocks while we wait, so it is the lease or the deadline.
    while (!observed.empty() && Clock::now() - since < lease) {
      if (deadline.passed()) return failure(PIGEON_BUSY, "lock " + path.text() + ": others hold it");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return locks_[path] = "token" + std::to_string(++tokens_);
  }

  Result<Applied> unlock(const TreePath& path, const Token& token, Deadline /*deadline*/) {
    if (broken_) return *broken_;
    if (PIGEON_TRY(find(path)) == nullptr) return Applied::not_there;
    if (locks_[path] != token) return Applied::conflict;
    locks_.erase(path);
    return Applied::yes;
  }

 private:
  struct PathLess {
    bool operator()(const TreePath& a, const TreePath& b) const { return a.names() < b.names(); }
  };

  // "Not there" only below a parent that is.
  Result<const Object*> find(const TreePath& path) const {
    if (const auto found = objects_.find(path); found != objects_.end()) return &found->second;
    if (path.depth() > 1 && objects_.find(path.parent()) == objects_.end()) {
      return unavailable("look for " + path.text() + ": " + path.parent().text() + " is not there either");
    }
    return nullptr;
  }

  static bool holds(const Precondition& condition, const std::optional<Object>& object) {
    if (condition.kind == PIGEON_IF_OBJECT_ABSENT) return !object;
    if (!object) return false;
    if (condition.kind == PIGEON_IF_ATTRIBUTE_ABSENT) return !object->attributes.has(condition.name);
    return object->attributes.get(condition.name) == condition.value;
  }

  Applied apply_one(const Change& change, std::optional<Object>& object, const TreePath& path) const {
    if (change.kind == PIGEON_CHANGE_CREATE) {
      if (object) return Applied::conflict;
      object = Object{.path = path.text(), .objectclass = change.name};
      return Applied::yes;
    }
    if (!object) return Applied::not_there;
    auto& classes = object->auxiliary;
    switch (change.kind) {
      case PIGEON_CHANGE_REMOVE:
        if (std::any_of(objects_.begin(), objects_.end(),
                        [&](const auto& each) { return each.first.is_below(path); })) {
          return Applied::conflict;
        }
        object.reset();
        break;
      case PIGEON_CHANGE_ADD_CLASS:
        if (!object->has_auxiliary(change.name)) classes.push_back(change.name);
        break;
      case PIGEON_CHANGE_REMOVE_CLASS:
        std::erase_if(classes, [&](const auto& each) { return same_name(each, change.name); });
        break;
      default:
        object->attributes.set(change.name, change.values);
        break;
    }
    return Applied::yes;
  }

  std::map<TreePath, Object, PathLess> objects_;
  std::map<TreePath, Token, PathLess> locks_;
  std::optional<Failure> broken_;
  std::optional<TreePath> hidden_;
  int tokens_ = 0;
};

}  // namespace pigeon::testing
