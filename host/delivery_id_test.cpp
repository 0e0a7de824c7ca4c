// SPDX-License-Identifier: MIT
#include "host/delivery_id.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using pigeon::host::delivery_id;
using pigeon::host::DeliveryIdParts;
using pigeon::host::parse_message;

namespace {

std::string id(const DeliveryIdParts& parts, const std::string& text) {
  return delivery_id(parts, parse_message(text), false);
}

constexpr DeliveryIdParts kParts = {
    .queue_id = "4Bx1", .principal = "/b/people/a", .folder = "Work", .sender = "s@x"};

}  // namespace

TEST_CASE("the delivery id is the same for a retry, whatever this hop put in front") {
  const auto first = id(kParts, "Return-Path: <s@x>\nDelivered-To: a@b\nReceived: x\n\nbody");
  CHECK(first == id(kParts, "From s@x Thu Jan 1\nX-Original-To: q\nReceived: x\n\nbody"));
  CHECK(first.size() == 32);
  CHECK(first.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("every part of a delivery makes another delivery id, and no part can pass for another's end") {
  const std::string text = "Received: x\n\nbody";
  std::set<std::string> ids = {id(kParts, text), id(kParts, text + " "), id(kParts, "")};
  auto other = kParts;
  other.queue_id = "4Bx2";
  ids.insert(id(other, text));
  other = kParts;
  other.principal = "/b/people/c";
  ids.insert(id(other, text));
  other = kParts;
  other.folder = "";
  ids.insert(id(other, text));
  other = kParts;
  other.sender = "";
  ids.insert(id(other, text));
  CHECK(ids.size() == 7);

  const std::vector<DeliveryIdParts> shifted = {
      {"ab", "c", "", ""}, {"a", "bc", "", ""}, {"abc", "", "", ""}, {"", "abc", "", ""},
      {"", "", "abc", ""}, {"", "", "", "abc"}, {"", "", "", ""},    {"1:a", "bc", "", ""}};
  std::set<std::string> distinct;
  for (const auto& parts : shifted) distinct.insert(id(parts, text));
  distinct.insert(id({"", "", "", ""}, "abc" + text));
  CHECK(distinct.size() == shifted.size() + 1);
}

TEST_CASE("a message of several chunks has the id of its whole, mapped or not") {
  std::string text = "Subject: x\n\n" + std::string(9U << 20U, 'x');
  const auto whole = id(kParts, text);
  text.back() = 'y';
  CHECK(whole != id(kParts, text));
}

TEST_CASE("where a field of this hop stood in a message makes no difference, whatever the size") {
  for (const std::size_t size : {0U, 100U, 65'536U, 65'537U, 200'000U, 9U << 20U}) {
    CAPTURE(size);
    const auto body = "\n" + std::string(size, 'x');
    const auto plain = id(kParts, "Subject: x\nReceived: x\n" + body);
    CHECK(plain == id(kParts, "Subject: x\nDelivered-To: a@b\nReceived: x\n" + body));
    CHECK(plain == id(kParts, "Return-Path: <>\nSubject: x\nReceived: x\n" + body));
  }
}

TEST_CASE("one octet anywhere makes another delivery id, also where one block of the hash ends") {
  const auto text = "Subject: x\n\n" + std::string(140'000, 'x');
  std::set<std::string> ids = {id(kParts, text), id(kParts, text + "x")};
  for (const std::size_t at : {12U, 65'535U, 65'536U, 131'071U, 131'072U, 140'000U}) {
    auto other = text;
    other[at] = 'y';
    ids.insert(id(kParts, other));
  }
  CHECK(ids.size() == 8);
}
