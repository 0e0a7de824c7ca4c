// SPDX-License-Identifier: MIT
#include "host/obtaining.hpp"

#include "host/allocator.hpp"
#include "host/supervisor.hpp"

#include <pigeon/abi/creator.h>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace pigeon::host {

Result<Allocation> Obtaining::by(Opened& creator) {
  const pigeon_allocating operations = {
      sizeof operations, 0, deadline_.value(), this, read, propose, commit, lock, unlock};
  auto error = blank_error();
  const InPlugin mark(creator.name(), "obtain");
  const auto status = creator.operations<pigeon_creator>().obtain(creator.instance(), &operations, &error);
  if (status != PIGEON_OK) return copy(error, status).while_doing("obtain an allocation");
  if (!obtained_) {
    return failure(PIGEON_BUG,
                   std::string(creator.name()) + " says it obtained an allocation, and there is none");
  }
  return *std::move(obtained_);
}

pigeon_status Obtaining::read(void* context, pigeon_error* error) noexcept {
  return guard(error, [&]() -> pigeon_status {
    auto& self = of(context);
    const auto found = self.read_standing();
    if (!found) return report(found.failure(), error);
    return *found ? PIGEON_OK : PIGEON_NOT_THERE;
  });
}

pigeon_status Obtaining::propose(void* context, pigeon_error* error) noexcept {
  return guard(error, [&]() -> pigeon_status {
    auto& self = of(context);
    auto proposed = self.allocator_.propose(self.mda_, self.principal_.names, self.requests_);
    if (!proposed) return report(proposed.failure(), error);
    self.proposed_ = *std::move(proposed);
    return PIGEON_OK;
  });
}

pigeon_status Obtaining::commit(void* context, std::uint32_t condition, pigeon_error* error) noexcept {
  return guard(error, [&]() -> pigeon_status {
    const auto applied = of(context).commit_proposed(condition);
    if (!applied) return report(applied.failure(), error);
    return *applied == Applied::yes ? PIGEON_OK : PIGEON_CONFLICT;
  });
}

pigeon_status Obtaining::lock(void* context, std::uint64_t lease, pigeon_error* error) noexcept {
  return guard(error, [&]() -> pigeon_status {
    auto& self = of(context);
    // A holder that dies must be overtaken well before anybody's time is up.
    const auto longest = self.deadline_.left() / 4;
    const auto granted = std::min(nanoseconds(lease), longest);
    auto token = self.tree_.lock(self.principal_.path, granted, self.deadline_);
    if (!token) return report(token.failure(), error);
    if (!*token) return report(self.vanished(), error);
    self.token_ = **token;
    return PIGEON_OK;
  });
}

pigeon_status Obtaining::unlock(void* context, pigeon_error* error) noexcept {
  return guard(error, [&]() -> pigeon_status {
    auto& self = of(context);
    if (!self.token_) return PIGEON_OK;
    const auto unlocked = self.tree_.unlock(self.principal_.path, *self.token_, self.deadline_);
    self.token_.reset();
    return unlocked ? PIGEON_OK : report(unlocked.failure(), error);
  });
}

Failure Obtaining::vanished() const {
  return temporary("allocate a mailbox for " + principal_.path.text() + ": the object was removed meanwhile");
}

Result<bool> Obtaining::read_standing() {
  const auto slice = PIGEON_TRY(tree_.fetch({principal_.path, 0, true, deadline_}));
  if (!slice) return vanished();
  auto standing = PIGEON_TRY(standing_allocation(slice->object));
  if (!standing) return false;
  if (!same_name(standing->mda, mda_.name())) {
    return temporary("allocate a mailbox for " + principal_.path.text() +
                     ": another host has allocated one for " + standing->mda + " meanwhile");
  }
  obtained_ = {standing->allocation.id, declared_only(standing->allocation.attributes, mda_),
               principal_.names};
  return true;
}

Result<Applied> Obtaining::commit_proposed(std::uint32_t condition) {
  if (!proposed_) return failure(PIGEON_BUG, "commit before propose");
  if (condition == PIGEON_COMMIT_LOCKED && !token_)
    return failure(PIGEON_BUG, "commit under a lock without one");
  std::vector<Precondition> preconditions;
  if (condition != PIGEON_COMMIT_ALWAYS) preconditions.push_back(Precondition::absent("id"));
  const auto token = condition == PIGEON_COMMIT_LOCKED ? token_ : std::nullopt;
  const auto applied = PIGEON_TRY(allocator_.commit(principal_.path, std::string(mda_.name()), *proposed_,
                                                    false, std::move(preconditions), token, deadline_));
  if (applied == Applied::not_there) return vanished();
  if (applied == Applied::yes) obtained_ = *proposed_;
  return applied;
}

}  // namespace pigeon::host
