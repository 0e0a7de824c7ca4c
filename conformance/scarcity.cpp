// SPDX-License-Identifier: MIT
#include "conformance/scarcity.hpp"

#include "conformance/allocations.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <random>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr std::size_t kMost = 500;

// The same for all that share the work.
std::vector<std::uint64_t> those_to_fail(const Trial& trial, const Share& share, std::uint64_t count) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 1);
  if (count <= kMost) return numbers;
  std::mt19937_64 random(trial.seed());
  std::shuffle(numbers.begin(), numbers.end(), random);
  numbers.resize(kMost);
  if (share.index == 0) {
    std::cout << kMost << " of " << count << " allocations fail, by the seed " << trial.seed() << '\n'
              << std::flush;
  }
  return numbers;
}

}  // namespace

Finding fail_each_allocation(Trial& trial, const Share& share, const Scarcity& scarcity) {
  if (const auto why = why_no_allocation_fails(); !why.empty()) return Finding::skipped(why);
  const auto try_with = [&](std::size_t number, std::uint64_t failing, const std::string& done,
                            Trace& met) -> Finding {
    const auto trouble = scarcity.prepare(number);
    PIGEON_EXPECT(trouble.empty(), "prepared what the call needs", "success", trouble);
    met = Companion(scarcity.work(), failing).wait();
    if (!met.broken.empty()) return Finding::skipped(met.broken);
    PIGEON_EXPECT(met.ended(), done, "an answer", met.how_it_ended());
    return scarcity.judge(met, done);
  };
  Trace peace;
  auto finding = try_with(0, 0, "called it with all the memory that it wants", peace);
  if (finding.status != Finding::Status::passed) return finding;
  if (peace.allocations == 0) {
    return Finding::skipped(
        "it allocates nothing that can be seen: it needs no memory, or brings an allocator of its own, or "
        "leaves the work to another library");
  }
  std::size_t number = 0;
  for (const auto failing : those_to_fail(trial, share, peace.allocations)) {
    if (!share.takes(++number)) continue;
    Trace met;
    const auto done =
        "made allocation " + std::to_string(failing) + " of " + std::to_string(peace.allocations) + " fail";
    finding = try_with(number, failing, done, met);
    if (finding.status != Finding::Status::passed) return finding;
  }
  return Finding::passed();
}

}  // namespace pigeon::conformance
