// SPDX-License-Identifier: MIT
#include "host/address.hpp"

#include <pigeon/sdk/text.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using pigeon::host::Address;
using pigeon::host::AddressRules;
using pigeon::host::clean_address;
using pigeon::host::clean_sender;
using pigeon::host::parse_recipient;

namespace {

Address parsed(const std::string& text, const AddressRules& rules = {}) {
  CAPTURE(text);
  const auto address = parse_recipient(text, rules);
  REQUIRE(address);
  return *address;
}

pigeon_status refusal(const std::string& text, const AddressRules& rules = {}) {
  const auto address = parse_recipient(text, rules);
  return address ? PIGEON_OK : address.failure().status;
}

}  // namespace

TEST_CASE("an address is a local part, a user, a detail and a domain") {
  const auto address = parsed("alice+lists@example.com");
  CHECK(address.local_part == "alice+lists");
  CHECK(address.user == "alice");
  CHECK(address.detail == "lists");
  CHECK(address.domain == "example.com");
  CHECK(address.text() == "alice+lists@example.com");
}

TEST_CASE("the last at-sign separates, because a local part may hold others") {
  const auto address = parsed("a@b@c");
  CHECK(address.local_part == "a@b");
  CHECK(address.domain == "c");
  CHECK(parsed("\"a@b\"@c.example").local_part == "a@b");
}

TEST_CASE("a quoted local part is the name inside its quotes") {
  CHECK(parsed(R"("john \"q\" doe"@example.com)").local_part == "john \"q\" doe");
  CHECK(parsed(R"("a\\b"@example.com)").local_part == "a\\b");
  CHECK(parsed(R"("alice"@example.com)").text() == parsed("alice@example.com").text());
}

TEST_CASE("what is no whole quoted string stands as it is") {
  for (const std::string local : {"\"", "\"a", "a\"", "\"a\"b\"", "\"a\\\"", "'a'"}) {
    CHECK(parsed(local + "@example.com").local_part == local);
  }
}

TEST_CASE("an empty quoted string is no name") {
  CHECK(refusal("\"\"@example.com") == PIGEON_UNKNOWN_RECIPIENT);
}

TEST_CASE("comments and angle brackets are not taken apart: no MTA hands them over") {
  CHECK(parsed("alice(comment)@example.com").local_part == "alice(comment)");
  CHECK(parsed("<alice@example.com").local_part == "<alice");
}

TEST_CASE("ASCII case is folded in the local part, or kept, as the rules say; never other letters") {
  CHECK(parsed("Alice.SMITH@example.com").local_part == "alice.smith");
  CHECK(parsed("Alice@example.com", {.fold_local_part = false}).local_part == "Alice");
  CHECK(parsed("ÄRGER@example.com").local_part == "Ärger" + std::string());
}

TEST_CASE("a domain is in lower case, and one dot at its end means nothing") {
  CHECK(parsed("a@EXAMPLE.Com").domain == "example.com");
  CHECK(parsed("a@example.com.").domain == "example.com");
  CHECK(parsed("A@EXAMPLE.com", {.fold_local_part = false}).domain == "example.com");
}

TEST_CASE("a domain with other letters becomes its A-labels, and both spellings are one domain") {
  CHECK(parsed("a@bücher.example").domain == "xn--bcher-kva.example");
  CHECK(parsed("a@BÜCHER.example").domain == "xn--bcher-kva.example");
  CHECK(parsed("a@XN--BCHER-KVA.example").domain == "xn--bcher-kva.example");
  CHECK(parsed("a@straße.example").domain == "xn--strae-oqa.example");
}

TEST_CASE("what cannot be made into A-labels is proven unknown") {
  // NOLINTNEXTLINE(misc-misleading-bidirectional): a control of writing direction
  CHECK(refusal("a@\xe2\x80\xae.example") == PIGEON_UNKNOWN_RECIPIENT);
  CHECK(refusal("a@" + std::string(64, 'x') + "ü.example") == PIGEON_UNKNOWN_RECIPIENT);
}

TEST_CASE("each delimiter separates a detail, the first that stands in the local part") {
  const AddressRules both = {.detail_delimiters = "+-"};
  CHECK(parsed("alice-a+b@example.com", both).user == "alice");
  CHECK(parsed("alice-a+b@example.com", both).detail == "a+b");
  CHECK(parsed("alice+@example.com", both).detail.empty());
  CHECK(parsed("alice+@example.com", both).user == "alice");
  CHECK(parsed("alice-a@example.com").user == "alice-a");
  CHECK(parsed("alice+a@example.com", {.detail_delimiters = ""}).user == "alice+a");
}

TEST_CASE("a delimiter in front belongs to the name, so that no user is empty") {
  const auto address = parsed("+alice+x@example.com");
  CHECK(address.user == "+alice");
  CHECK(address.detail == "x");
  CHECK(parsed("+@example.com").user == "+");
  CHECK(parsed("++@example.com").user == "+");
  CHECK(parsed("-rf@example.com").local_part == "-rf");
}

TEST_CASE("an address without a domain is a mistake in the MTA's set-up, so the mail waits") {
  for (const std::string text : {"", "alice", "alice@", "@", "root"}) {
    CAPTURE(text);
    CHECK(refusal(text) == PIGEON_MISCONFIGURED);
  }
  CHECK_FALSE(parse_recipient("alice", {}).failure().remedy.empty());
}

TEST_CASE("what can be no name in any tree is proven unknown") {
  const std::vector<std::string> hostile = {
      "@example.com",    "a\nb@example.com",         std::string("a\0b@example.com", 15),
      "a@exa\tmple.com", "\x7f@example.com",         "\xff@example.com",
      "a@\xc3.example",  "\xed\xa0\x80@example.com", "a@b\r\nX: y.example",
  };
  for (const auto& text : hostile) {
    CAPTURE(text);
    CHECK(refusal(text) == PIGEON_UNKNOWN_RECIPIENT);
  }
}

TEST_CASE("names that are too long for a tree are proven unknown, however long") {
  CHECK(refusal(std::string(256, 'a') + "@example.com") == PIGEON_UNKNOWN_RECIPIENT);
  CHECK(refusal(std::string(65'536, 'a') + "@example.com") == PIGEON_UNKNOWN_RECIPIENT);
  CHECK(refusal("a@" + std::string(65'536, 'b')) == PIGEON_UNKNOWN_RECIPIENT);
  CHECK(refusal(std::string(65'536, '@') + "b") == PIGEON_UNKNOWN_RECIPIENT);
  CHECK(parsed(std::string(255, 'a') + "@example.com").user.size() == 255);
}

TEST_CASE("a refusal is short and printable, whatever the address was") {
  for (const auto& text : {std::string(65'536, '\n') + "@b", std::string(65'536, 'x')}) {
    const auto refused = parse_recipient(text, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().detail.size() < 2000);
    CHECK_FALSE(pigeon::has_control_characters(refused.failure().detail));
    CHECK(refused.failure().reason.find('x') == std::string::npos);
  }
}

TEST_CASE("a path in a local part is a name like any other: it is looked up, and nothing else") {
  CHECK(parsed("../..@example.com").local_part == "../..");
  CHECK(parsed("/etc/passwd@example.com").user == "/etc/passwd");
}

TEST_CASE("every spelling of the null sender is empty") {
  for (const std::string text : {"", "<>", "@", "<@>", "MAILER-DAEMON", "<mailer-daemon>", "Mailer-Daemon"}) {
    CAPTURE(text);
    CHECK(clean_sender(text).empty());
  }
  CHECK(clean_sender("<bob@example.org>") == "bob@example.org");
  CHECK(clean_sender("mailer-daemon@example.org") == "mailer-daemon@example.org");
}

TEST_CASE("a sender fits one header field, whatever it was, and is never a reason to refuse mail") {
  CHECK(clean_sender("a\r\nSubject: x") == "a\\x0d\\x0aSubject: x");
  CHECK(clean_sender(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(clean_sender("\xff") == "\\xff");
  CHECK(clean_sender(std::string(65'536, 'a')).size() < 998);
  CHECK(clean_address(std::string(65'536, 'a')).size() < 998);
  CHECK(clean_address("<a@b>") == "a@b");
  CHECK(clean_address("<a@b") == "<a@b");
}
