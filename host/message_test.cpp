// SPDX-License-Identifier: MIT
#include "host/message.hpp"

#include <pigeon/sdk/text.hpp>

#include <doctest/doctest.h>

#include <string>

using pigeon::host::has_been_delivered_to;
using pigeon::host::OutgoingMessage;
using pigeon::host::parse_message;

namespace {

// What is left of a message.
std::string rest(const std::string& text) {
  const auto parsed = parse_message(text);
  std::string joined;
  for (const auto kept : parsed.kept) joined += kept;
  return joined + std::string(parsed.body);
}

// What is stored for a message.
std::string stored(const std::string& text, const std::string& original = "") {
  const auto parsed = parse_message(text);
  const OutgoingMessage outgoing(
      parsed, {.sender = "s@x", .delivered_to = "a@b", .original_recipient = original}, false);
  std::string joined;
  const auto& message = outgoing.get();
  for (std::size_t i = 0; i < message.prefix_count; ++i) joined += pigeon::copy(message.prefix[i]);
  return joined + pigeon::copy(message.body);
}

}  // namespace

TEST_CASE("a message that bears nothing of this hop is kept byte for byte") {
  for (const std::string text : {"", "\n", "\n\n", "Subject: x\n\nbody\n", "Subject: x", "no header at all",
                                 "no header\nDelivered-To: x\n", "Subject: x\r\n\r\nbody\r\n", " folded\n\n",
                                 ":\n", "\r", "From: a\n\nFrom b\n"}) {
    CAPTURE(text);
    CHECK(rest(text) == text);
  }
  const std::string nuls("Sub\0ject: x\0\n\n\0body\0", 20);
  CHECK(rest(nuls) == nuls);
  CHECK(rest(std::string("\xff\xfe: x\n\n\x80")) == "\xff\xfe: x\n\n\x80");
}

TEST_CASE("this hop's fields above the first Received are taken away, wherever they stand there") {
  CHECK(rest("Return-Path: <a@b>\nX-Original-To: c@d\nDelivered-To: e@f\nReceived: x\nSubject: y\n\nz") ==
        "Received: x\nSubject: y\n\nz");
  CHECK(rest("Subject: y\nDelivered-To: e@f\nX-Spam: no\nReturn-Path: <>\nReceived: x\n\nz") ==
        "Subject: y\nX-Spam: no\nReceived: x\n\nz");
  CHECK(rest("DELIVERED-to: e@f\nreceived: x\n\n") == "received: x\n\n");
}

TEST_CASE("what stands below the first Received is the message's own") {
  const std::string text = "Received: x\nDelivered-To: a@b\nReturn-Path: <c@d>\nX-Original-To: e@f\n\nbody";
  CHECK(rest(text) == text);
}

TEST_CASE("without Received only the unbroken run at the very top was put there for us") {
  CHECK(rest("Return-Path: <>\nDelivered-To: a@b\nSubject: x\nDelivered-To: c@d\n\nz") ==
        "Subject: x\nDelivered-To: c@d\n\nz");
  CHECK(rest("Subject: x\nDelivered-To: c@d\n\nz") == "Subject: x\nDelivered-To: c@d\n\nz");
}

TEST_CASE("a field goes with its continuation lines, and nothing more") {
  CHECK(rest("Delivered-To:\n\ta@b\n  more\nSubject: x\n\n") == "Subject: x\n\n");
  CHECK(rest("Delivered-To: a@b\r\n c\r\nSubject: x\r\n\r\n") == "Subject: x\r\n\r\n");
  CHECK(rest("Delivered-To : a@b\nSubject: x\n\n") == "Subject: x\n\n");
  CHECK(rest("Delivered-To: a@b") == "");
}

TEST_CASE("a field in the body is no field") {
  const std::string text = "Subject: x\n\nDelivered-To: a@b\nReceived: y\n";
  CHECK(rest(text) == text);
  CHECK(parse_message(text).delivered_to.empty());
}

TEST_CASE("a From line in front of the message goes, and tells the sender; deeper it stays") {
  const std::string text = "From bob@example.org  Thu Jan  1 00:00:00 1970\nSubject: x\n\nFrom here\n";
  CHECK(rest(text) == "Subject: x\n\nFrom here\n");
  CHECK(parse_message(text).from_line_sender == "bob@example.org");
  CHECK(parse_message("From  x\n").from_line_sender == "");
  CHECK(rest("From only") == "");
  CHECK(rest(">From x\n\n") == ">From x\n\n");
  CHECK(rest("From: x\n\n") == "From: x\n\n");
  CHECK(rest("From a b\nDelivered-To: c\nFrom d e\n\n") == "From d e\n\n");
}

TEST_CASE("the first Return-Path tells the sender, without brackets and blanks") {
  CHECK(parse_message("Return-Path: <bob@x>\nReceived: y\n\n").return_path == "bob@x");
  CHECK(parse_message("Return-Path:\n <bob@x>\nReturn-Path: <c>\n\n").return_path == "bob@x");
  CHECK(parse_message("Return-Path: <>\n\n").return_path == "");
  CHECK_FALSE(parse_message("Subject: x\n\n").return_path);
  CHECK_FALSE(parse_message("Received: y\nReturn-Path: <bob@x>\n\n").return_path);
}

TEST_CASE("a message has been here before if Delivered-To names the address below the first Received") {
  const std::string looped = "Delivered-To: now@x\nReceived: y\nDelivered-To: <Alice@Example.com>\n\n";
  const auto parsed = parse_message(looped);
  CHECK(has_been_delivered_to(parsed, "alice@example.com", true));
  CHECK_FALSE(has_been_delivered_to(parsed, "now@x", true));
  CHECK_FALSE(has_been_delivered_to(parsed, "lice@example.com", true));
  CHECK_FALSE(has_been_delivered_to(parse_message("Delivered-To: a@b\nSubject: x\n\n"), "a@b", true));
  const std::string body = "Received: y\n\nDelivered-To: a@b\n";
  CHECK_FALSE(has_been_delivered_to(parse_message(body), "a@b", true));
}

TEST_CASE(
    "where the case of local parts counts, another case is another address; of the domain it never counts") {
  const auto parsed = parse_message("Received: y\nDelivered-To: Alice@Example.com\n\n");
  CHECK(has_been_delivered_to(parsed, "alice@example.com", true));
  CHECK_FALSE(has_been_delivered_to(parsed, "alice@example.com", false));
  CHECK(has_been_delivered_to(parsed, "Alice@example.com", false));
}

TEST_CASE("of fields without end, no more is remembered than an MTA or a loop can have made") {
  constexpr int kMost = 10'000;
  std::string between;
  std::string run;
  for (int i = 0; i < kMost; ++i) {
    between += "X: y\nDelivered-To: a@x\n";
    run += "Delivered-To: a@x\n";
  }
  const std::string more = "Delivered-To: more@x\nReceived: y\n\n";
  between += more;
  const auto parsed = parse_message(between);
  CHECK(parsed.kept.size() == kMost);
  CHECK(parsed.body == more);
  CHECK(rest(run + "Delivered-To: more@x\n\n") == "Delivered-To: more@x\n\n");

  const auto before = "Received: x\nDelivered-To: first@x\n" + run;
  const auto below = parse_message(before);
  CHECK(below.delivered_to.size() == kMost);
  CHECK(has_been_delivered_to(below, "first@x", true));
}

TEST_CASE("our own fields come in front, in the message's own line ends") {
  CHECK(stored("Subject: x\n\ny") == "Return-Path: <s@x>\nDelivered-To: a@b\nSubject: x\n\ny");
  CHECK(stored("Subject: x\r\n\r\ny") == "Return-Path: <s@x>\r\nDelivered-To: a@b\r\nSubject: x\r\n\r\ny");
  CHECK(stored("", "o@b") == "Return-Path: <s@x>\nDelivered-To: a@b\nX-Original-To: o@b\n");
  CHECK(stored("Subject: 1\nDelivered-To: old\nReceived: 2\n\n3") ==
        "Return-Path: <s@x>\nDelivered-To: a@b\nSubject: 1\nReceived: 2\n\n3");
}
