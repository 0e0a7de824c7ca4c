// SPDX-License-Identifier: MIT
#include <pigeon/sdk/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using pigeon::Done;
using pigeon::Result;

Result<int> half(int number) {
  if (number % 2 == 0) return number / 2;
  return pigeon::temporary(std::to_string(number) + " is odd");
}
Result<int> quarter(int number) {
  const int halved = PIGEON_TRY(half(number));
  return PIGEON_TRY(half(halved));
}
Done may_halve(int number) {
  PIGEON_TRY(half(number));
  return {};
}
Result<std::unique_ptr<int>> owned(int number) {
  return std::make_unique<int>(PIGEON_TRY(half(number)));
}

}  // namespace

TEST_CASE("PIGEON_TRY gives the value, or leaves with the failure") {
  CHECK(*quarter(8) == 2);
  const auto failed = quarter(6);
  REQUIRE_FALSE(failed);
  CHECK(failed.failure().status == PIGEON_TEMPORARY);
  CHECK(failed.failure().detail == "3 is odd");
  CHECK(may_halve(2));
  CHECK_FALSE(may_halve(3));
}

TEST_CASE("a result can hold what only moves") {
  auto result = owned(4);
  REQUIRE(result);
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 2);
}

TEST_CASE("found, not there and could not ask are three answers") {
  const Result<std::optional<int>> found = 1;
  const Result<std::optional<int>> not_there = std::nullopt;
  const Result<std::optional<int>> could_not = pigeon::unavailable("down");
  CHECK((found && *found));
  CHECK((not_there && !*not_there));
  CHECK_FALSE(could_not);
}

TEST_CASE("a failure says more of itself where it is made, and keeps the rest") {
  const auto failure =
      pigeon::misconfigured("b").with_remedy("r").with_reason({5, 2, 2}, "full").while_doing("a");
  CHECK(failure.status == PIGEON_MISCONFIGURED);
  CHECK(failure.detail == "a: b");
  CHECK(failure.remedy == "r");
  CHECK(failure.reason == "full");
  CHECK(failure.dsn == pigeon::Dsn{5, 2, 2});
  CHECK_FALSE(failure.may_have_happened);
}

TEST_CASE("what a call returned can be looked through at once") {
  const auto call = [] {
    return Result<std::vector<std::string>>(std::vector<std::string>{"a long enough text"});
  };
  std::string seen;
  for (const auto& each : *call()) seen += each;
  CHECK(seen == "a long enough text");
}
