// SPDX-License-Identifier: MIT
#include "ledger.hpp"

#include "fixture.hpp"

#include <ctime>
#include <string>

using namespace mda_mbox;
using namespace mda_mbox::testing;

namespace {

constexpr std::time_t kWeek = 604'800;

// A ledger's files as others left them, and a process that reads them.
struct Reading {
  Fixture f;
  pigeon::Directory own = **pigeon::Directory::open(f.own().string());
  Ledger ledger;

  void read() { REQUIRE(ledger.read(own)); }
};

std::string week(int ago = 0) {
  return "base/d/.alice.pigeon/stored." + std::to_string(std::time(nullptr) / kWeek - ago);
}

std::string hash(unsigned number) {
  return digits_of(number);
}

}  // namespace

TEST_CASE("an id is known, however many are asked for, and no other one is") {
  Reading r;
  std::string text;
  for (unsigned i = 0; i < 100; ++i) text += "\n> xid" + std::to_string(i) + " " + hash(i) + "\n";
  for (unsigned i = 0; i < 50; ++i) text += "\nxid" + std::to_string(i) + " " + hash(i) + "\n= 7 \n";
  r.f.write(week(1), text);
  r.f.write(week(), "\nother 000000000000000a\nxid7 " + hash(7) + "\nxid60 not-a-hash\nxid61\n");
  r.read();
  for (unsigned i = 0; i < 100; ++i) {
    INFO(i);
    CHECK(r.ledger.has("xid" + std::to_string(i)) == (i < 50));
    CHECK_FALSE(r.ledger.has("id" + std::to_string(i)));
  }
  CHECK(r.ledger.has("other"));
  CHECK(r.ledger.known("") == 7);
}

TEST_CASE("an intent makes the message known that it was of, and no id that is asked for") {
  Reading r;
  r.f.write(week(), "\n> begun " + hash(1) + "\n\n> done " + hash(2) + "\n\ndone " + hash(2) + "\n");
  r.read();
  CHECK(r.ledger.has("done"));
  CHECK_FALSE(r.ledger.has("begun"));
  CHECK(r.ledger.found(1, true));
  CHECK(r.ledger.has("begun"));
  CHECK_FALSE(r.ledger.found(2, true));
}

TEST_CASE("what is said in this week is not said again, wherever else it stands") {
  Reading r;
  const auto both = "\nboth " + hash(1) + "\n";
  r.f.write(week(1), both + "old " + hash(2) + "\n");
  r.f.write(week(), both);
  r.read();
  const auto before = r.f.content(week());
  for (const std::string id : {"both", "old"}) {
    REQUIRE(r.ledger.has(id));
    r.ledger.renew(id);
  }
  REQUIRE(r.ledger.save(r.own));
  CHECK(r.f.content(week()) == before + "\nold " + hash(2) + "\n");
}

TEST_CASE("a size behind a hole is not believed until somebody has seen the hole") {
  Reading r;
  r.f.write(week(), "\n= 5 \nid " + hash(1) + "\n" + std::string(4, '\0') + "\n= 6 \n");
  r.read();
  CHECK(r.ledger.known("") == 5);
  CHECK(r.ledger.has("id"));
  // Said by one that had not read that far, and by one that had.
  r.f.append(week(), "\n= 7 \n");
  r.read();
  CHECK(r.ledger.known("") == 5);
  r.f.append(week(), "\n= 8 \n~\n= 9 .folder\n");
  r.read();
  CHECK(r.ledger.known("") == 5);
  r.f.append(week(), "\n= 10 \n");
  r.read();
  CHECK(r.ledger.known("") == 10);
}
