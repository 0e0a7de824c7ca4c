// SPDX-License-Identifier: MIT
//
// What a check is: one promise of plugin-api, the sentence that states it, and what is done to see whether a
// plugin keeps it. Checks are found by their id, which never changes and is never given to another check.
#pragma once

#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pigeon::conformance {

class Trial;

// How one check on one plugin ended. What a person reads is in its texts: what was done, what was expected,
// what came instead; or why nothing was done.
struct Finding {
  enum class Status { passed, failed, skipped };
  Status status = Status::passed;
  std::string done;
  std::string expected;
  std::string came;  // for skipped: why

  static Finding passed() { return {}; }
  static Finding failed(std::string done, std::string expected, std::string came) {
    return {Status::failed, std::move(done), std::move(expected), std::move(came)};
  }
  // Where success was expected: with what a person can do about it.
  static Finding failed(std::string done, const Failure& failure);
  static Finding skipped(std::string why) { return {Status::skipped, {}, {}, std::move(why)}; }
};

// Broken: a plugin that breaks a must is wrong; one that breaks a should needs a reason.
enum class Weight { must, should };

constexpr std::uint32_t kEveryKind = 0;

struct Check {
  const char* id = nullptr;
  Weight weight = Weight::must;
  int level =
      0;  // 1 the file; 2 the contract; 3 hostile input and bad company; 4 faults, crashes, power loss
  std::uint32_t kind = kEveryKind;  // PIGEON_KIND_*, or kEveryKind
  const char* rule = nullptr;       // the promise
  const char* how = nullptr;        // what the check does
  const char* where = nullptr;      // the header, or the section, that states the promise
  Finding (*run)(Trial&) = nullptr;
  int seconds = 30;  // after which it is killed
};

// All checks, in the order in which they are run.
const std::vector<Check>& all_checks();
const Check* find_check(std::string_view id);

// Each file of checks has one of these.
std::span<const Check> file_checks();
std::span<const Check> life_checks();
std::span<const Check> settings_checks();
std::span<const Check> module_checks();
std::span<const Check> module_hostile_checks();
std::span<const Check> module_fault_checks();
std::span<const Check> mda_checks();
std::span<const Check> mda_moving_checks();
std::span<const Check> mda_hostile_checks();
std::span<const Check> mda_race_checks();
std::span<const Check> mda_damage_checks();
std::span<const Check> mda_reading_checks();
std::span<const Check> mda_fault_checks();
std::span<const Check> tree_fault_checks();
std::span<const Check> watched_checks();
std::span<const Check> tree_checks();
std::span<const Check> tree_list_checks();
std::span<const Check> tree_write_checks();
std::span<const Check> tree_lock_checks();
std::span<const Check> tree_hostile_checks();
std::span<const Check> tree_damage_checks();
std::span<const Check> tree_race_checks();
std::span<const Check> creator_checks();
std::span<const Check> creator_hostile_checks();
std::span<const Check> memory_checks();

}  // namespace pigeon::conformance

// Goes on if the condition holds; else the check has failed, with these words.
#define PIGEON_EXPECT(condition, done, expected, came)                                     \
  do {                                                                                     \
    if (!(condition)) return ::pigeon::conformance::Finding::failed(done, expected, came); \
  } while (false)

// The value of a Result; else the check has failed, where success was expected.
#define PIGEON_EXPECT_OK(expression, done)                                                                \
  __extension__({                                                                                         \
    auto pigeon_expected = (expression);                                                                  \
    if (!pigeon_expected) return ::pigeon::conformance::Finding::failed(done, pigeon_expected.failure()); \
    ::pigeon::take(std::move(pigeon_expected));                                                           \
  })
