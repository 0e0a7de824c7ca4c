// SPDX-License-Identifier: MIT
//
// A creator in C++: a class with `Done obtain(Allocating&)` and what plugin.hpp says of every instance; then
// PIGEON_CREATOR(Class, kAbout). What must hold is in pigeon/abi/creator.h.
#pragma once

#include <pigeon/abi/creator.h>
#include <pigeon/sdk/plugin.hpp>

namespace pigeon::inline v0 {

enum class Condition : std::uint32_t {
  always = PIGEON_COMMIT_ALWAYS,
  if_absent = PIGEON_COMMIT_IF_ABSENT,
  locked = PIGEON_COMMIT_LOCKED,
};

class Allocating {
 public:
  explicit Allocating(const pigeon_allocating& allocating) : allocating_(&allocating) {}

  [[nodiscard]] Deadline deadline() const { return Deadline(allocating_->deadline); }
  // True: an allocation is in the tree, and the host has it.
  [[nodiscard]] Result<bool> read() const {
    return yes_unless(PIGEON_NOT_THERE,
                      [&](auto* error) { return allocating_->read(allocating_->context, error); });
  }
  [[nodiscard]] Done propose() const {
    return call([&](auto* error) { return allocating_->propose(allocating_->context, error); });
  }
  // False: the condition did not hold.
  [[nodiscard]] Result<bool> commit(Condition condition) const {
    return yes_unless(PIGEON_CONFLICT, [&](auto* error) {
      return allocating_->commit(allocating_->context, static_cast<std::uint32_t>(condition), error);
    });
  }
  [[nodiscard]] Done lock(nanoseconds lease) const {
    return call([&](auto* error) {
      return allocating_->lock(allocating_->context, static_cast<std::uint64_t>(lease.count()), error);
    });
  }
  [[nodiscard]] Done unlock() const {
    return call([&](auto* error) { return allocating_->unlock(allocating_->context, error); });
  }

 private:
  template <typename Call>
  static Done call(Call&& operation) {
    auto error = blank_error();
    if (const auto status = operation(&error); status != PIGEON_OK) return copy(error, status);
    return {};
  }
  template <typename Call>
  static Result<bool> yes_unless(pigeon_status no, Call&& operation) {
    auto error = blank_error();
    const auto status = operation(&error);
    if (status == PIGEON_OK) return true;
    if (status == no) return false;
    return copy(error, status);
  }

  const pigeon_allocating* allocating_;
};

template <typename T>
pigeon_status obtain_allocation(void* instance, const pigeon_allocating* allocating,
                                pigeon_error* error) noexcept {
  return guard(error, [&] {
    Allocating operations(*allocating);
    return answer(Instance<T>::of(instance).obtain(operations), error);
  });
}

}  // namespace pigeon::inline v0

#define PIGEON_CREATOR(type_, about_)                                                              \
  static constexpr pigeon_creator pigeon_plugin_operations = {sizeof(pigeon_creator), 0,           \
                                                              ::pigeon::obtain_allocation<type_>}; \
  PIGEON_PLUGIN(PIGEON_KIND_CREATOR, type_, pigeon_plugin_operations, about_)
