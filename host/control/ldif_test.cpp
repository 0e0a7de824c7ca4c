// SPDX-License-Identifier: MIT
#include "host/control/ldif.hpp"

#include <doctest/doctest.h>

#include <sstream>

using pigeon::Object;
using pigeon::control::LdifEntry;
using pigeon::control::LdifReader;
using pigeon::control::to_ldif;

namespace {

std::vector<LdifEntry> read(const std::string& text) {
  std::istringstream in(text);
  LdifReader reader(in);
  std::vector<LdifEntry> entries;
  for (;;) {
    auto entry = reader.next();
    REQUIRE_MESSAGE(entry, (entry ? "" : entry.failure().detail));
    if (!*entry) return entries;
    entries.push_back(**std::move(entry));
  }
}

std::string refusal(const std::string& text) {
  std::istringstream in(text);
  LdifReader reader(in);
  for (;;) {
    const auto entry = reader.next();
    if (!entry) {
      CHECK_FALSE(entry.failure().remedy.empty());
      return entry.failure().detail;
    }
    if (!*entry) return "none";
  }
}

}  // namespace

TEST_CASE("what is exported is read back as it was, whatever its names and values are made of") {
  const std::vector<std::string> values = {
      "x", " x", "x ", ":x", "<x", "\xc3\xa9", "a\nb", "a\r", "#x", "\\,=+\"<>;", std::string(300, 'x')};
  for (const auto& value : values) {
    CAPTURE(value);
    const Object object = {
        .path =
            "/d/" + pigeon::TreePath::encode(value == "a\nb" || value == "a\r" ? "n" : value.substr(0, 200)),
        .objectclass = "mailUser",
        .auxiliary = {"mda-x"},
        .attributes = {{"home", {value}}, {"many", {"1", value}}}};
    for (const std::string base : {"", "dc=example", "ou=a\\,b,dc=example"}) {
      const auto text = to_ldif(object, base);
      const auto entries = read("version: 1\n\n" + text + text);
      REQUIRE(entries.size() == 2);
      CHECK(entries[1].path.text() == object.path);
      CHECK(entries[1].classes == std::vector<std::string>{"mailUser", "mda-x"});
      CHECK(entries[1].attributes == object.attributes);
    }
  }
}

TEST_CASE("lines are folded, and no line is longer than 76 octets") {
  std::istringstream lines(to_ldif({.path = "/" + std::string(200, 'x'), .objectclass = "c"}, "dc=x"));
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 76);
}

TEST_CASE(
    "what a directory's own tools print is read: comments, CR LF, base64, what the server maintains, locks") {
  const auto entries = read(
      "# extended LDIF\r\n#\r\n\r\nversion: 1\r\n\r\ndn: dc=x\r\nobjectClass: domain\r\ndc: x\r\n\r\n"
      "# alice\r\ndn: pigeonName=alice,\r\n  pigeonname=d , dc=x\r\nobjectClass: top\r\nobjectClass: "
      "pigeonMailUser\r\n"
      "pigeonName:: YWxpY2U=\r\nentryUUID: 1\r\nstructuralObjectClass: pigeonMailUser\r\npigeon-lock: t\r\n"
      "pigeonHome:   /a\r\n\r\n\r\n");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].line == 11);
  CHECK(entries[0].path.text() == "/d/alice");
  CHECK(entries[0].classes == std::vector<std::string>{"mailUser"});
  CHECK(entries[0].attributes == pigeon::Attributes{{"home", {"/a"}}});
}

TEST_CASE("what is no entry of a tree is refused, with its line") {
  const std::string head = "dn: pigeonName=a,dc=x\nobjectClass: pigeonC\n";
  CHECK(refusal(head) == "none");
  CHECK(
      refusal(head + "pigeonX:< file:///etc/passwd\n").find("line 3: a value is to be read from elsewhere") ==
      0);
  CHECK(refusal(head + "pigeonX:: ***\n").find("line 3: a value is not base64") == 0);
  CHECK(refusal(head + "pigeonName: b\n").find("line 3: the name 'b' is not the one in the dn") == 0);
  CHECK(refusal(head + "mail: b\n").find("line 3: 'mail' does not belong to a tree") == 0);
  CHECK(refusal(head + "objectClass: person\n").find("line 3: 'person' does not belong to a tree") == 0);
  CHECK(refusal(head + "changetype: delete\n").find("line 3: changetype delete") == 0);
  CHECK(refusal(head + "changetype: add\n") == "none");
  CHECK(refusal(head + "nonsense\n").find("line 3: 'nonsense' is not TYPE: VALUE") == 0);
  CHECK(refusal("pigeonX: y\n").find("line 1: an entry begins with 'pigeonX'") == 0);
  CHECK(refusal("version: 2\n").find("line 1: version 2") == 0);
  CHECK(refusal("dn: nothing\n").find("line 1: 'nothing' is no DN") == 0);
  CHECK(refusal("dn: pigeonName=a\\\n").find("is no DN") != std::string::npos);
  CHECK(refusal("dn: pigeonName=\\00a,dc=x\n").find("names no object") != std::string::npos);
  CHECK(refusal(head + "\ndn: pigeonName=b,dc=y\n")
            .find("line 4: the entry is below 'dc=y', those before it were below 'dc=x'") == 0);
}

TEST_CASE("JSON lines taken for LDIF are told apart") {
  CHECK(refusal("{\"path\": \"/a\"}\n").find("line 1:") == 0);
}
