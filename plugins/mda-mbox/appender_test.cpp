// SPDX-License-Identifier: MIT
#include "appender.hpp"

#include "fixture.hpp"

#include <string>
#include <vector>

using namespace mda_mbox;
using namespace mda_mbox::testing;

namespace {

// A file to append to, and its state.
struct Appending {
  Fixture f;
  pigeon::Directory own = **pigeon::Directory::open(f.own().string());
  State state = *State::open(own, "state", false);
  pigeon::Fd mbox{::open(f.mbox().c_str(), O_RDWR | O_APPEND | O_CLOEXEC)};
};

// Longer than what is copied, and not a divisor of a block.
std::vector<std::string> long_and_short(std::size_t count) {
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < count; ++i) {
    pieces.push_back(std::to_string(i) + std::string(Appender::kWorthNoCopy + i % 100, 'x'));
    pieces.push_back("\n>" + std::to_string(i));
    pieces.emplace_back();
  }
  return pieces;
}

}  // namespace

TEST_CASE("what comes in very many pieces stands there in their order") {
  Appending a;
  a.f.write("base/d/alice", "before\n");
  for (const auto count : {std::size_t(1), std::size_t(400), std::size_t(5000)}) {
    const auto before = a.f.whole();
    const auto pieces = long_and_short(count);
    std::string whole;
    Appender appender(a.mbox, a.state, before.size(), "mbox");
    for (const auto& piece : pieces) {
      REQUIRE(appender.add(piece));
      whole += piece;
    }
    REQUIRE(appender.end());
    CHECK(a.f.whole() == before + whole);
  }
}

TEST_CASE("each block that an append was killed behind is known for its own") {
  Appending a;
  a.f.write("base/d/alice", "before\n");
  const auto pieces = long_and_short(3000);
  Appender appender(a.mbox, a.state, 7, "mbox");
  for (const auto& piece : pieces) REQUIRE(appender.add(piece));
  REQUIRE(appender.end());
  const auto whole = a.f.whole();
  for (const auto blocks : {std::size_t(1), std::size_t(256), whole.size() / kBlock}) {
    a.f.write("base/d/alice", whole.substr(0, blocks * kBlock));
    REQUIRE(a.state.load());
    const auto unfinished = a.state.unfinished(a.mbox, blocks * kBlock, "mbox");
    REQUIRE(unfinished);
    CHECK(*unfinished == 7);
  }
}

TEST_CASE("once a write has failed, no more is taken, and the end tells why") {
  Appending a;
  const pigeon::Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Appender appender(full, a.state, 0, "mbox");
  const std::string mebibyte(1U << 20U, 'x');
  CHECK_FALSE(appender.add(mebibyte));
  const auto end = appender.end();
  REQUIRE_FALSE(end);
  CHECK(end.failure().detail.find("write mbox: ") == 0);
}
