// SPDX-License-Identifier: MIT
//
// Points in time as calls carry them: absolute, in nanoseconds of CLOCK_MONOTONIC.
#pragma once

#include <chrono>
#include <cstdint>

namespace pigeon::inline v0 {

// std::chrono::steady_clock is CLOCK_MONOTONIC in both standard libraries that we support.
using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

class Deadline {
 public:
  // Long past: what waits without being given a deadline does not wait.
  constexpr Deadline() = default;
  constexpr explicit Deadline(std::uint64_t nanoseconds_of_clock) : at_(nanoseconds_of_clock) {}
  static Deadline at(Clock::time_point point) {
    return Deadline(static_cast<std::uint64_t>(nanoseconds(point.time_since_epoch()).count()));
  }
  static Deadline in(nanoseconds time) { return at(Clock::now() + time); }

  [[nodiscard]] Deadline later(nanoseconds time) const {
    return Deadline(at_ + static_cast<std::uint64_t>(time.count()));
  }
  [[nodiscard]] std::uint64_t value() const { return at_; }
  // Never negative.
  [[nodiscard]] nanoseconds left() const {
    const auto now = static_cast<std::uint64_t>(nanoseconds(Clock::now().time_since_epoch()).count());
    return nanoseconds(now < at_ ? at_ - now : 0);
  }
  [[nodiscard]] bool passed() const { return left() == nanoseconds(0); }

 private:
  std::uint64_t at_ = 0;
};

}  // namespace pigeon::inline v0
