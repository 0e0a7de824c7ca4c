// SPDX-License-Identifier: MIT
#include "limits.hpp"

#include <doctest/doctest.h>

#include <limits>

using mailbox_rules::Limits;
using pigeon::Settings;
using pigeon::Usage;

TEST_CASE("a message fits as long as neither limit is passed by it") {
  const auto limits = Limits::of(Settings({{"quotaBytes", {"100"}}, {"quotaMessages", {"2"}}}));
  CHECK(limits.is_set());
  CHECK_FALSE(limits.are_exceeded(Usage{.bytes = 40, .messages = 1}, 60));
  CHECK(limits.are_exceeded(Usage{.bytes = 41, .messages = 1}, 60));
  CHECK(limits.are_exceeded(Usage{.bytes = 0, .messages = 2}, 0));
  CHECK(limits.are_exceeded(Usage{.bytes = 101, .messages = 0}, 0));
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  CHECK(limits.are_exceeded(Usage{.bytes = 1, .messages = 0}, kMost));
}

TEST_CASE("without a limit everything fits, and the usage says that there is none") {
  const auto limits = Limits::of(Settings(pigeon::Attributes()));
  CHECK_FALSE(limits.is_set());
  CHECK_FALSE(limits.are_exceeded(Usage{.bytes = 1U << 30U, .messages = 1000}, 1U << 30U));
  const auto usage = limits.beside(Usage{.bytes = 5, .messages = 1});
  CHECK(usage.bytes == 5);
  CHECK(usage.bytes_limit == 0);
  CHECK(usage.messages_limit == 0);
}

TEST_CASE("a full mailbox lets mail wait, or refuses it where that is preferred") {
  const auto deferred = Limits::of(Settings({{"quotaBytes", {"1"}}, {"overQuota", {"defer"}}})).failure("m");
  CHECK(deferred.status == PIGEON_NO_SPACE);
  const auto refused = Limits::of(Settings({{"quotaBytes", {"1"}}, {"overQuota", {"reject"}}})).failure("m");
  CHECK(refused.status == PIGEON_REFUSED);
  CHECK(refused.reason == "mailbox full");
}
