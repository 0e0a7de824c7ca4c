// SPDX-License-Identifier: MIT
#include "conformance/allocating_model.hpp"

#include "conformance/allocations.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

namespace pigeon::conformance {
namespace {

class Turn {
 public:
  explicit Turn(Principality& shared) : shared_(&shared) {
    while (shared_->busy.test_and_set()) std::this_thread::yield();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Turn(Turn&&) = delete;
  Turn& operator=(Turn&&) = delete;
  ~Turn() { shared_->busy.clear(); }

 private:
  Principality* shared_;
};

Allocator& of(void* context) {
  return *static_cast<Allocator*>(context);
}

}  // namespace

void allocate_elsewhere(Principality& shared) {
  const Turn turn(shared);
  shared.allocation = ++shared.last;
}

void overtake_lock(Principality& shared) {
  const Turn turn(shared);
  shared.lock = ++shared.last;
}

int Allocator::count(const std::string& call) const {
  return static_cast<int>(std::count(calls_.begin(), calls_.end(), call));
}

std::string Allocator::shown_calls() const {
  return calls_.empty() ? "no call" : join(calls_, ", ");
}

void Allocator::fail(const std::string& call, pigeon_status status, bool once) {
  failing_ = call;
  with_ = status;
  once_ = once;
}

void Allocator::note_broken(const std::string& rule) {
  if (broken_.empty()) broken_ = rule;
}

pigeon_status Allocator::do_call(const char* name, pigeon_error* error,
                                 const std::function<pigeon_status()>& body) {
  const HostCall called;
  // A creator that never ends is ended by the runner; its calls would fill the memory first.
  if (calls_.size() < 100'000) calls_.emplace_back(name);
  if (meanwhile) meanwhile(name);
  auto status = PIGEON_OK;
  if (failing_ == name) {
    status = with_;
    if (once_) failing_.clear();
  } else {
    status = body();
  }
  if (PIGEON_STATUS_RANGE(status) != 0)
    report(pigeon::failure(status, std::string("played by the runner: ") + name + " fails"), error);
  return status;
}

pigeon_status Allocator::read() {
  const Turn turn(*shared_);
  known_ = shared_->allocation;
  return known_ == 0 ? PIGEON_NOT_THERE : PIGEON_OK;
}

pigeon_status Allocator::propose() {
  const Turn turn(*shared_);
  proposed_ = ++shared_->last;
  return PIGEON_OK;
}

pigeon_status Allocator::commit(std::uint32_t condition) {
  const Turn turn(*shared_);
  if (proposed_ == 0) note_broken("it committed before it had proposed");
  if (condition > PIGEON_COMMIT_LOCKED) note_broken("it committed under a condition that is not known");
  if (condition == PIGEON_COMMIT_LOCKED && token_ == 0)
    note_broken("it committed under a lock that it does not hold");
  if (condition == PIGEON_COMMIT_ALWAYS && token_ == 0) blind_ = true;
  const bool is_absent = shared_->allocation == 0;
  const bool is_held = token_ != 0 && shared_->lock == token_;
  const bool holds = condition == PIGEON_COMMIT_ALWAYS ||
                     (is_absent && condition == PIGEON_COMMIT_IF_ABSENT) ||
                     (is_absent && is_held && condition == PIGEON_COMMIT_LOCKED);
  if (!holds) return PIGEON_CONFLICT;
  shared_->allocation = proposed_;
  known_ = proposed_;
  ++shared_->commits;
  return PIGEON_OK;
}

pigeon_status Allocator::lock(std::uint64_t lease) {
  if (nanoseconds(lease) * 4 > deadline_.left() + std::chrono::milliseconds(50) && !deadline_.passed())
    note_broken("it asked for a lease of more than a quarter of the time that is left");
  if (token_ != 0) note_broken("it took the lock that it holds");
  const auto patience = Deadline::in(std::min<nanoseconds>(deadline_.left(), std::chrono::seconds(10)));
  for (;;) {
    {
      const Turn turn(*shared_);
      if (shared_->lock == 0) {
        shared_->lock = token_ = ++shared_->last;
        return PIGEON_OK;
      }
    }
    if (patience.passed()) return PIGEON_BUSY;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

pigeon_status Allocator::unlock() {
  const Turn turn(*shared_);
  if (token_ == 0) note_broken("it gave a lock back that it does not hold");
  const bool is_held = token_ != 0 && shared_->lock == token_;
  token_ = 0;
  if (!is_held) return PIGEON_CONFLICT;
  shared_->lock = 0;
  return PIGEON_OK;
}

pigeon_status Allocator::obtain(const Instance& instance) {
  const pigeon_allocating operations = {
      sizeof operations,
      0,
      deadline_.value(),
      this,
      [](void* context, pigeon_error* error) noexcept {
        return of(context).do_call("read", error, [&] { return of(context).read(); });
      },
      [](void* context, pigeon_error* error) noexcept {
        return of(context).do_call("propose", error, [&] { return of(context).propose(); });
      },
      [](void* context, std::uint32_t condition, pigeon_error* error) noexcept {
        return of(context).do_call("commit", error, [&] { return of(context).commit(condition); });
      },
      [](void* context, std::uint64_t lease, pigeon_error* error) noexcept {
        return of(context).do_call("lock", error, [&] { return of(context).lock(lease); });
      },
      [](void* context, pigeon_error* error) noexcept {
        return of(context).do_call("unlock", error, [&] { return of(context).unlock(); });
      }};
  auto error = blank_error();
  const auto creator = instance.operations<pigeon_creator>();
  const auto status = [&] {
    const PluginCall call;
    return creator.obtain(instance.get(), &operations, &error);
  }();
  failure_ = copy(error, status);
  return status;
}

}  // namespace pigeon::conformance
