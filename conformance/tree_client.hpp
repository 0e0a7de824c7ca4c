// SPDX-License-Identifier: MIT
//
// The datatree under test, called as the host calls it, across the ABI; and what it answered, in words.
#pragma once

#include "conformance/trial.hpp"

#include <pigeon/abi/datatree.h>
#include <pigeon/sdk/datatree.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pigeon::conformance {

// What one call answered.
struct Reply {
  pigeon_status status = PIGEON_BUG;
  Failure failure = {};
  Objects objects = {};    // what the sink was given
  Token token = {};        // of lock
  std::size_t failed = 0;  // of apply_all

  [[nodiscard]] bool is_ok() const { return status == PIGEON_OK; }
  // Trouble on our side: the mail waits.
  [[nodiscard]] bool is_temporary() const {
    const auto range = PIGEON_STATUS_RANGE(status);
    return range == PIGEON_TEMPORARY || range == PIGEON_BUG;
  }
  // For people.
  [[nodiscard]] std::string shown() const;
};

// The classes that a tree under test is made with, beside the tree's own.
inline constexpr const char* kPlace = "checkPlace";    // structural: note, other; labels, multi-valued
inline constexpr const char* kMarked = "checkMarked";  // auxiliary: mark; marks, multi-valued

class TreeClient {
 public:
  static constexpr auto kPatience = std::chrono::seconds(10);
  static constexpr auto kAll = std::numeric_limits<std::size_t>::max();
  static Deadline soon() { return Deadline::in(kPatience); }

  // Loads and opens it. Where it can be initialized, there is then a tree of the classes above.
  static Result<TreeClient> open(Trial& trial);
  // Another instance, of a tree that is there.
  static Result<TreeClient> open_again(Trial& trial);

  [[nodiscard]] bool can(std::uint32_t capabilities) const {
    return (operations_.capabilities & capabilities) == capabilities;
  }
  [[nodiscard]] const pigeon_datatree& operations() const { return operations_; }
  [[nodiscard]] void* instance() const { return instance_->get(); }
  [[nodiscard]] const pigeon_plugin& descriptor() const { return instance_->descriptor(); }

  Done initialize();
  // stop_after: the sink says "no more" to the object of this number, counted from 1.
  Reply fetch(const std::string& path, unsigned depth = 0, Deadline deadline = soon(),
              std::size_t stop_after = kAll);
  Reply children(const std::string& path, const std::string& after = "", std::uint32_t limit = 100,
                 Deadline deadline = soon(), std::size_t stop_after = kAll);
  // An update without a deadline gets one.
  Reply apply(const Update& update);
  Reply apply_all(const std::vector<Update>& updates);
  Reply lock(const std::string& path, nanoseconds lease, Deadline deadline);
  Reply unlock(const std::string& path, const Token& token, Deadline deadline = soon());

  // An object of class kPlace.
  Reply create(const std::string& path, const std::string& note = "");
  Reply set(const std::string& path, const std::string& name, Values values);
  // The value of a single-valued attribute; empty if it could not be had.
  std::string value(const std::string& path, const std::string& name);
  // All pages.
  Reply all_children(const std::string& path, std::uint32_t limit = 100);

 private:
  explicit TreeClient(std::unique_ptr<Instance> instance)
      : instance_(std::move(instance)), operations_(instance_->operations<pigeon_datatree>()) {}

  std::unique_ptr<Instance> instance_;
  pigeon_datatree operations_;
};

// An update as C sees it. Borrows: the update must outlive it.
class LentUpdate {
 public:
  explicit LentUpdate(const Update& update);
  LentUpdate(const LentUpdate&) = delete;
  LentUpdate& operator=(const LentUpdate&) = delete;
  LentUpdate(LentUpdate&&) = delete;
  LentUpdate& operator=(LentUpdate&&) = delete;
  ~LentUpdate() = default;

  [[nodiscard]] const pigeon_update& get() const { return update_; }

 private:
  std::string path_;
  std::vector<LentStrings> values_;
  std::vector<pigeon_change> changes_;
  std::vector<pigeon_precondition> preconditions_;
  pigeon_token token_ = {};
  pigeon_update update_ = {};
};

// REQUIRES: a path.
inline TreePath tree_path_of(const std::string& text) {
  return TreePath::parse(text).value_or(TreePath());
}

// An object without the order that sets and classes have not, spelled out, to be compared and shown.
std::string spelled(const Object& object);
std::vector<std::string> paths_of(const Objects& objects);

}  // namespace pigeon::conformance

// Goes on if the reply has this status; else the check has failed.
#define PIGEON_EXPECT_STATUS(reply, wanted, done)                                                \
  do {                                                                                           \
    const auto& pigeon_reply = (reply);                                                          \
    if (pigeon_reply.status != (wanted))                                                         \
      return ::pigeon::conformance::Finding::failed(                                             \
          done, ::pigeon::conformance::Reply{.status = (wanted)}.shown(), pigeon_reply.shown()); \
  } while (false)
