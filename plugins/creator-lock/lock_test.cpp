// SPDX-License-Identifier: MIT
#include "lock.hpp"

#include <pigeon/testing/fake_allocating.hpp>
#include <pigeon/testing/fake_host.hpp>

#include <doctest/doctest.h>

namespace {

using pigeon::Attributes;
using pigeon::testing::FakeAllocating;
using pigeon::testing::FakeHost;
using pigeon::testing::FakeTree;

constexpr const char* kUser = "/u";

struct Fixture {
  FakeTree tree;
  FakeHost host;
  FakeAllocating allocating{tree, kUser};
  creator_lock::Lock creator{host.host(), pigeon::Settings({{"lease", {"20ms"}}})};

  Fixture() { tree.add({.path = kUser, .objectclass = "mailUser"}); }
  void allocate_elsewhere() {
    tree.add({.path = kUser, .objectclass = "mailUser", .attributes = Attributes{{"id", {"theirs"}}}});
  }
};

}  // namespace

TEST_CASE("the first one allocates under the lock, and gives it back") {
  Fixture f;
  REQUIRE(f.allocating.obtain(f.creator));
  CHECK(f.allocating.id() == "proposal1");
  CHECK(f.allocating.asked == std::vector<std::string>{"lock", "read", "propose", "commit", "unlock"});
}

TEST_CASE("an allocation that came while we waited for the lock is taken as it is") {
  Fixture f;
  f.allocating.meanwhile = [&](const std::string& operation) {
    if (operation == "lock") f.allocate_elsewhere();
  };
  REQUIRE(f.allocating.obtain(f.creator));
  CHECK(f.allocating.id() == "theirs");
}

TEST_CASE("a holder who lost the lock does not overwrite its successor") {
  Fixture f;
  f.allocating.meanwhile = [&](const std::string& operation) {
    if (operation == "commit" && f.allocating.id() == std::nullopt) {
      // Overtaken after the lease, and the successor has written.
      CHECK(f.tree.lock(*pigeon::TreePath::parse(kUser), pigeon::nanoseconds(0),
                        pigeon::Deadline::in(std::chrono::seconds(1))));
      f.allocate_elsewhere();
    }
  };
  REQUIRE(f.allocating.obtain(f.creator));
  CHECK(f.allocating.id() == "theirs");
}

TEST_CASE("a lock that a dead process holds is overtaken after its lease") {
  Fixture f;
  CHECK(f.tree.lock(*pigeon::TreePath::parse(kUser), pigeon::nanoseconds(0),
                    pigeon::Deadline::in(std::chrono::seconds(1))));
  REQUIRE(f.allocating.obtain(f.creator));
  CHECK(f.allocating.id() == "proposal1");
}

TEST_CASE("the lock is given back when memory is short") {
  Fixture f;
  struct Starved {
    pigeon::Host host;
    pigeon::Done obtain(pigeon::Allocating& allocating) {
      PIGEON_TRY(allocating.lock(std::chrono::milliseconds(20)));
      const creator_lock::Held held(allocating, host);
      throw std::bad_alloc();
    }
  } starved = {f.host.host()};
  CHECK_THROWS_AS(static_cast<void>(f.allocating.obtain(starved)), std::bad_alloc);
  CHECK(f.allocating.asked == std::vector<std::string>{"lock", "unlock"});
}

TEST_CASE("a tree that cannot be asked is a failure, and the lock is given back if it can be") {
  Fixture f;
  f.allocating.meanwhile = [&](const std::string& operation) {
    f.tree.break_with(operation == "read" ? std::optional(pigeon::unavailable("down")) : std::nullopt);
  };
  const auto obtained = f.allocating.obtain(f.creator);
  REQUIRE_FALSE(obtained);
  CHECK(obtained.failure().status == PIGEON_UNAVAILABLE);
  CHECK(f.allocating.asked.back() == "unlock");
}
