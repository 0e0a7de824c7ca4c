// SPDX-License-Identifier: MIT
//
// What a creator may ask of the host, on a fake tree: one principal, who has an allocation or not.
#pragma once

#include <pigeon/sdk/creator.hpp>
#include <pigeon/testing/fake_tree.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pigeon::testing {

class FakeAllocating {
 public:
  FakeAllocating(FakeTree& tree, const std::string& principal)
      : tree_(tree), path_(*TreePath::parse(principal)) {}

  template <typename Creator>
  Done obtain(Creator& creator, Deadline deadline = Deadline::in(std::chrono::seconds(10))) {
    const auto operations = lend(deadline);
    Allocating allocating(operations);
    return creator.obtain(allocating);
  }

  // As the host does: for a plugin that was loaded.
  Done obtain(const pigeon_creator& creator, void* instance,
              Deadline deadline = Deadline::in(std::chrono::seconds(10))) {
    const auto operations = lend(deadline);
    auto error = blank_error();
    const auto status = creator.obtain(instance, &operations, &error);
    return status == PIGEON_OK ? Done() : Done(copy(error, status));
  }

  // The names of the operations asked for, in order.
  std::vector<std::string> asked;
  // Called before each operation, with its name: what others do meanwhile.
  std::function<void(const std::string&)> meanwhile;
  // The id that the principal has now.
  [[nodiscard]] std::optional<std::string> id() {
    const auto found = tree_.fetch({path_, 0, true, Deadline()});
    if (!found || !*found) return std::nullopt;
    const auto id = (*found)->front().attributes.get("id");
    return id ? std::optional<std::string>(*id) : std::nullopt;
  }

 private:
  pigeon_allocating lend(Deadline deadline) {
    deadline_ = deadline;
    return {sizeof(pigeon_allocating), 0, deadline.value(), this, read, propose, commit, lock, unlock};
  }

  static FakeAllocating& begin(void* context, const char* operation) {
    auto& self = *static_cast<FakeAllocating*>(context);
    self.asked.emplace_back(operation);
    if (self.meanwhile) self.meanwhile(operation);
    return self;
  }
  static pigeon_status read(void* context, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = begin(context, "read");
      const auto found = self.tree_.fetch({self.path_, 0, true, Deadline()});
      if (!found) return report(found.failure(), error);
      return *found && (*found)->front().attributes.has("id") ? PIGEON_OK : PIGEON_NOT_THERE;
    });
  }
  static pigeon_status propose(void* context, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = begin(context, "propose");
      self.proposed_ = "proposal" + std::to_string(++self.proposals_);
      return PIGEON_OK;
    });
  }
  static pigeon_status commit(void* context, std::uint32_t condition, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = begin(context, "commit");
      Update update = {
          .path = self.path_, .changes = {Change::set("id", self.proposed_)}, .deadline = Deadline()};
      if (condition != PIGEON_COMMIT_ALWAYS) update.preconditions.push_back(Precondition::absent("id"));
      if (condition == PIGEON_COMMIT_LOCKED) update.token = self.token_;
      return DatatreeOperations<FakeTree>::answer_applied(self.tree_.apply(update), error);
    });
  }
  static pigeon_status lock(void* context, std::uint64_t lease, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = begin(context, "lock");
      const auto locked = self.tree_.lock(self.path_, nanoseconds(lease), self.deadline_);
      if (!locked) return report(locked.failure(), error);
      self.token_ = locked->value_or("");
      return PIGEON_OK;
    });
  }
  static pigeon_status unlock(void* context, pigeon_error* error) noexcept {
    return guard(error, [&]() -> pigeon_status {
      auto& self = begin(context, "unlock");
      const auto unlocked = self.tree_.unlock(self.path_, self.token_, Deadline());
      return unlocked ? PIGEON_OK : report(unlocked.failure(), error);
    });
  }

  FakeTree& tree_;
  TreePath path_;
  Deadline deadline_;
  std::string proposed_;
  Token token_;
  int proposals_ = 0;
};

}  // namespace pigeon::testing
