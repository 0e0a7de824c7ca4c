// SPDX-License-Identifier: MIT
#include "writer.hpp"

#include <doctest/doctest.h>

#include <string>

using datatree_ldap::difference;
using datatree_ldap::Entry;
using datatree_ldap::unchanged;
using datatree_ldap::Vocabulary;
using pigeon::Object;

TEST_CASE("a write carries what it was decided on: the state of the entry, and the lock's token") {
  const Entry entry{"cn=x", {{"entryCSN", {"20260101000000.000001Z#000000#000#000000"}}}};
  CHECK(*unchanged(entry, {}) == "(entryCSN=20260101000000.000001Z\\23000000\\23000\\23000000)");
  CHECK(*unchanged(entry, "a*") == "(&" + *unchanged(entry, {}) + "(pigeon-lock=a\\2A))");
  CHECK_FALSE(unchanged(Entry{"cn=x", {}}, {}));
}

TEST_CASE("what is written is what differs, and nothing else") {
  const Object before{.path = "/x",
                      .objectclass = "mailUser",
                      .auxiliary = {"mda-a"},
                      .attributes = {{"same", {"1", "2"}}, {"gone", {"x"}}, {"other", {"x"}}}};
  Object after = before;
  CHECK(difference(before, after, Vocabulary()).empty());
  after.auxiliary = {"mda-b"};
  after.attributes = {{"SAME", {"2", "1"}}, {"other", {"y"}}, {"new", {"z"}}};
  const auto modifications = difference(before, after, Vocabulary());
  std::string told;
  for (const auto& each : modifications) {
    told += std::to_string(each.kind) + each.type + "=" + pigeon::join(each.values, ",") + " ";
  }
  CHECK(told ==
        "1objectClass=pigeonMda-a 0objectClass=pigeonMda-b 2pigeonGone= 2pigeonNew=z 2pigeonOther=y ");
}
