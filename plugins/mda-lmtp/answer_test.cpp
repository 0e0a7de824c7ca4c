// SPDX-License-Identifier: MIT
#include "answer.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using mda_lmtp::Permanent;
using mda_lmtp::Step;
using pigeon::Dsn;

pigeon::Failure meant(unsigned code, Dsn dsn, Step step, Permanent permanent = Permanent::pass) {
  return mda_lmtp::failure_of({.code = code, .dsn = dsn, .lines = {"/var/mail secret"}}, step, permanent,
                              "doing it");
}

}  // namespace

TEST_CASE("what is about the recipient or the message is passed on") {
  struct Case {
    unsigned code = 0;
    Dsn dsn = {};
    Step step = Step::mail;
    pigeon_status status = 0;
    Dsn passed = {};
  };
  const Dsn none;
  for (const auto& each : {
           Case{550, {5, 1, 1}, Step::recipient, PIGEON_UNKNOWN_RECIPIENT, {5, 1, 1}},
           Case{550, none, Step::recipient, PIGEON_UNKNOWN_RECIPIENT, {5, 1, 1}},
           Case{550, {5, 0, 0}, Step::recipient, PIGEON_UNKNOWN_RECIPIENT, {5, 1, 1}},
           Case{553, none, Step::recipient, PIGEON_UNKNOWN_RECIPIENT, {5, 1, 1}},
           Case{550, {5, 2, 1}, Step::recipient, PIGEON_REFUSED, {5, 2, 1}},
           Case{552, {5, 2, 2}, Step::recipient, PIGEON_REFUSED, {5, 2, 2}},
           Case{552, {5, 2, 2}, Step::message, PIGEON_REFUSED, {5, 2, 2}},
           Case{552, none, Step::message, PIGEON_REFUSED, {5, 2, 2}},
           Case{552, {5, 3, 4}, Step::mail, PIGEON_MESSAGE_REFUSED, {5, 3, 4}},
           Case{552, none, Step::mail, PIGEON_MESSAGE_REFUSED, {5, 3, 4}},
           Case{552, {5, 2, 3}, Step::message, PIGEON_MESSAGE_REFUSED, {5, 2, 3}},
           Case{554, {5, 6, 0}, Step::message, PIGEON_MESSAGE_REFUSED, {5, 6, 0}},
           Case{554, {5, 6, 9}, Step::message, PIGEON_MESSAGE_REFUSED, {5, 6, 9}},
           Case{554, {5, 7, 1}, Step::message, PIGEON_REFUSED, {5, 7, 1}},
           Case{554, none, Step::message, PIGEON_REFUSED, {5, 7, 0}},
           Case{554, {5, 4, 6}, Step::message, PIGEON_REFUSED, {5, 4, 6}},
       }) {
    CAPTURE(each.code);
    CAPTURE(each.dsn.subject);
    CAPTURE(each.dsn.detail);
    const auto met = meant(each.code, each.dsn, each.step);
    CHECK(met.status == each.status);
    CHECK(met.dsn == each.passed);
    CHECK_FALSE(met.reason.empty());
    CHECK(met.reason.find("secret") == std::string::npos);
    CHECK(met.detail.find("secret") != std::string::npos);
    const auto deferred = meant(each.code, each.dsn, each.step, Permanent::defer);
    CHECK(PIGEON_STATUS_RANGE(deferred.status) == PIGEON_TEMPORARY);
    CHECK(deferred.dsn == Dsn{4, each.passed.subject, each.passed.detail});
  }
}

TEST_CASE("what is about us or about the server is never a reason to send mail back") {
  const Dsn none;
  const auto check = [](unsigned code, Dsn dsn, Step step) {
    CAPTURE(code);
    const auto met = meant(code, dsn, step);
    CHECK(PIGEON_STATUS_RANGE(met.status) == PIGEON_TEMPORARY);
    CHECK(met.dsn == Dsn{});
    CHECK_FALSE(met.may_have_happened);
  };
  for (const auto step : {Step::greeting, Step::mail, Step::recipient, Step::data, Step::message}) {
    for (const unsigned code : {500U, 501U, 502U, 503U, 504U, 521U, 530U, 535U, 538U, 555U, 556U}) {
      check(code, none, step);
      check(code, {5, 1, 1}, step);
      check(code, {5, 7, 0}, step);
    }
    for (const Dsn dsn : {Dsn{5, 3, 0}, Dsn{5, 3, 5}, Dsn{5, 4, 4}, Dsn{5, 5, 1}, Dsn{5, 1, 8}, Dsn{5, 9, 9}})
      check(554, dsn, step);
  }
  check(554, none, Step::greeting);
  check(550, {5, 7, 1}, Step::mail);
  check(550, none, Step::mail);
  check(553, {5, 1, 7}, Step::mail);
  for (const auto step : {Step::mail, Step::recipient, Step::data, Step::message}) {
    for (const unsigned code : {550U, 553U, 554U}) check(code, {5, 6, 7}, step);  // an address is not ASCII
  }
  check(554, none, Step::data);
  check(251, none, Step::data);  // a success where there can be none
}

TEST_CASE("a temporary answer is passed on with its status") {
  for (const auto step : {Step::greeting, Step::mail, Step::recipient, Step::data, Step::message}) {
    const auto met = meant(452, {4, 2, 2}, step);
    CHECK(PIGEON_STATUS_RANGE(met.status) == PIGEON_TEMPORARY);
    CHECK(met.dsn == Dsn{4, 2, 2});
    CHECK(met.reason.find("secret") == std::string::npos);
    CHECK(PIGEON_STATUS_RANGE(meant(450, {}, step).status) == PIGEON_TEMPORARY);
  }
}
