// SPDX-License-Identifier: MIT
#include "host/verdict.hpp"

#include <pigeon/sdk/text.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using pigeon::Dsn;
using pigeon::failure;
using pigeon::host::decode;
using pigeon::host::encode;
using pigeon::host::encoded_size;
using pigeon::host::exit_status;
using pigeon::host::line_for_sender;
using pigeon::host::outcome_of;
using pigeon::host::Verdict;

namespace {

Verdict example() {
  auto verdict =
      Verdict::of(failure(PIGEON_REFUSED, "detail\nof two lines").with_reason({5, 2, 2}, "mailbox full"));
  verdict.facts = {{"delivery", "0123"}, {"", ""}, {"modules", std::string("a\0b", 3)}};
  return verdict;
}

}  // namespace

TEST_CASE("each status leaves the process as one of five, and whatever is not known waits") {
  const std::vector<std::pair<pigeon_status, int>> table = {
      {PIGEON_OK, 0},         {PIGEON_UNKNOWN_RECIPIENT, 67},
      {PIGEON_REFUSED, 77},   {PIGEON_MESSAGE_REFUSED, 65},
      {PIGEON_NOT_THERE, 75}, {PIGEON_CONFLICT, 75},
      {PIGEON_TEMPORARY, 75}, {PIGEON_UNAVAILABLE, 75},
      {PIGEON_TIMEOUT, 75},   {PIGEON_BUSY, 75},
      {PIGEON_NO_SPACE, 75},  {PIGEON_MISCONFIGURED, 75},
      {PIGEON_BUG, 75},       {PIGEON_UNSUPPORTED, 75},
      {0x2000, 75},           {0x2004, 75},
      {0x2fff, 75},           {0x4001, 75},
      {0xffffffff, 75},
  };
  for (const auto& row : table) {
    CAPTURE(row.first);
    Verdict verdict;
    verdict.status = row.first;
    CHECK(exit_status(verdict) == row.second);
  }
  for (pigeon_status status = 1; status < 0x5000; ++status) {
    Verdict verdict;
    verdict.status = status;
    const bool is_permanent = status > PIGEON_UNKNOWN_RECIPIENT - 1 && status < PIGEON_MESSAGE_REFUSED + 1;
    if ((exit_status(verdict) == 75) == is_permanent) FAIL("status " << status);
  }
}

TEST_CASE("the first digit agrees with the exit status, whatever a plugin said") {
  for (const pigeon_status status :
       {PIGEON_TEMPORARY, PIGEON_NO_SPACE, PIGEON_REFUSED, PIGEON_UNKNOWN_RECIPIENT, PIGEON_MESSAGE_REFUSED,
        PIGEON_BUG, PIGEON_OK, UINT32_C(0x2fff), UINT32_C(0xdeadbeef)}) {
    for (const int claimed : {0, 1, 2, 3, 4, 5, 6, 65'535}) {
      const auto of_class = static_cast<unsigned short>(claimed);
      const auto verdict = Verdict::of(failure(status, "x").with_reason({of_class, 2, 2}, "y"));
      CAPTURE(status);
      CAPTURE(of_class);
      CHECK(line_for_sender(verdict).front() == (exit_status(verdict) == 75 ? '4' : '5'));
    }
  }
}

TEST_CASE("a failure can never become a delivery") {
  const auto verdict = Verdict::of(failure(PIGEON_OK, "a plugin failed, and said OK"));
  CHECK_FALSE(verdict.is_delivered());
  CHECK(exit_status(verdict) == 75);
  CHECK(outcome_of(verdict) == "deferred");
  CHECK(outcome_of(Verdict::delivered()) == "delivered");
  CHECK(outcome_of(example()) == "refused");
}

TEST_CASE("the code that a plugin chose stands where it agrees, else one that fits") {
  CHECK(Verdict::of(failure(PIGEON_REFUSED, "x").with_reason({5, 2, 2}, "y")).dsn == Dsn{5, 2, 2});
  CHECK(Verdict::of(failure(PIGEON_REFUSED, "x").with_reason({4, 2, 2}, "y")).dsn == Dsn{5, 7, 1});
  CHECK(Verdict::of(failure(PIGEON_NO_SPACE, "x")).dsn == Dsn{4, 3, 1});
  CHECK(Verdict::of(failure(PIGEON_UNKNOWN_RECIPIENT, "x")).dsn == Dsn{5, 1, 1});
}

TEST_CASE("the sender reads one printable line, and nothing of what the log is told") {
  auto met = failure(PIGEON_TEMPORARY, "open /var/mail/pigeon/secret: no").with_remedy("chmod 700 /secret");
  const auto line = line_for_sender(Verdict::of(met));
  CHECK(line.find("secret") == std::string::npos);
  CHECK(line.substr(0, 6) == "4.3.0 ");
  met.reason = "two\nlines\r\n\x1b[31m\xff";
  const auto hostile = line_for_sender(Verdict::of(met));
  CHECK_FALSE(pigeon::has_control_characters(hostile));
  CHECK(pigeon::is_utf8(hostile));
}

TEST_CASE("that it may have happened is a fact for the log") {
  auto met = failure(PIGEON_TEMPORARY, "x");
  CHECK(Verdict::of(met).facts.empty());
  met.may_have_happened = true;
  CHECK(Verdict::of(met).facts == pigeon::host::Fields{{"may-have-happened", "yes"}});
}

TEST_CASE("a verdict comes through the pipe as it went in") {
  const auto sent = example();
  const auto came = decode(encode(sent));
  REQUIRE(came);
  CHECK(came->status == sent.status);
  CHECK(came->dsn == sent.dsn);
  CHECK(came->reason == sent.reason);
  CHECK(came->detail == sent.detail);
  CHECK(came->remedy == sent.remedy);
  CHECK(came->facts == sent.facts);
  CHECK(decode(encode(Verdict::delivered()))->is_delivered());
}

TEST_CASE("a verdict that is cut off anywhere is none") {
  const auto bytes = encode(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode(bytes.substr(0, size)));
    const auto wanted = encoded_size(bytes.substr(0, size));
    CHECK(wanted.value_or(bytes.size()) == bytes.size());
  }
  CHECK_FALSE(decode(bytes + "x"));
  CHECK_FALSE(decode("x" + bytes));
  CHECK_FALSE(decode(bytes + bytes));
}

TEST_CASE("no changed byte makes a delivery out of a failure that is told apart from one") {
  // The status is the first number of the body; everything else must not touch it.
  const auto bytes = encode(example());
  constexpr std::size_t kStatus = 8;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at >= kStatus && at < kStatus + 4) continue;
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      const auto came = decode(changed);
      if (came && came->status != example().status) FAIL("byte " << at);
    }
  }
}

TEST_CASE("a verdict that contradicts itself is none") {
  auto contradicting = example();
  contradicting.dsn = {4, 2, 2};
  CHECK_FALSE(decode(encode(contradicting)));
  contradicting = Verdict::of(failure(PIGEON_TEMPORARY, "x"));
  contradicting.dsn = {2, 0, 0};
  CHECK_FALSE(decode(encode(contradicting)));
}
