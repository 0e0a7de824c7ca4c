// SPDX-License-Identifier: MIT
#include "host/spool.hpp"

#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

using pigeon::Deadline;
using pigeon::Fd;
using pigeon::Result;
using pigeon::host::drain;
using pigeon::host::Spool;
using pigeon::host::SpoolSettings;
using pigeon::testing::TemporaryDirectory;

namespace {

constexpr auto kLong = std::chrono::seconds(20);

struct Input {
  Input() {
    std::array<int, 2> ends = {};
    REQUIRE(::pipe(ends.data()) == 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  Fd read;
  Fd write;
};

// Spools a text that comes through a pipe.
Result<Spool> spool(const std::string& text, const SpoolSettings& settings,
                    std::optional<std::uint64_t> limit = {}) {
  Input input;
  std::thread writer([&] {
    static_cast<void>(pigeon::write_all(input.write, text, "the pipe"));
    input.write.reset();
  });
  auto spooled = Spool::read(input.read.get(), settings, limit, Deadline::in(kLong));
  writer.join();
  return spooled;
}

std::size_t entries(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

// The file behind the message, as the kernel knows it.
bool is_mapped_from(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  const std::string text((std::istreambuf_iterator<char>(maps)), std::istreambuf_iterator<char>());
  return text.find(name) != std::string::npos;
}

}  // namespace

TEST_CASE("a message comes out as it went in, on either side of the bound of memory") {
  const TemporaryDirectory directory;
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 65'535U, 65'536U, 65'537U, 300'000U}) {
    CAPTURE(size);
    std::string text;
    while (text.size() < size) text += "line " + std::to_string(text.size()) + std::string("\0\r\n", 3);
    text.resize(size);
    const auto spooled = spool(text, {.directory = directory.path().string(), .memory = 4096});
    REQUIRE(spooled);
    CHECK(spooled->text() == text);
  }
}

TEST_CASE("a message that comes in pieces comes out whole, on either side of the bound of memory") {
  const TemporaryDirectory directory;
  const SpoolSettings settings{.directory = directory.path().string(), .memory = 1000};
  for (const std::size_t pieces : {0U, 1U, 9U, 10U, 11U, 500U}) {
    CAPTURE(pieces);
    auto writer = Spool::Writer::open(settings);
    REQUIRE(writer);
    std::string text;
    for (std::size_t number = 0; number < pieces; ++number) {
      const std::string piece(100, static_cast<char>('a' + number % 26));
      REQUIRE(writer->add(piece));
      text += piece;
    }
    const auto spooled = (*std::move(writer)).end();
    REQUIRE(spooled);
    CHECK(spooled->text() == text);
    CHECK(entries(directory.path()) == 0);
  }
}

TEST_CASE("a small message never touches the disk, and a large one has no name there") {
  const TemporaryDirectory directory;
  const auto name = directory.path().string();
  {
    const auto small = spool(std::string(4096, 'x'), {.directory = name, .memory = 4096});
    REQUIRE(small);
    CHECK_FALSE(is_mapped_from(name));
  }
  const auto large = spool(std::string(4097, 'x'), {.directory = name, .memory = 4096});
  REQUIRE(large);
  CHECK(is_mapped_from(name));
  CHECK(entries(directory.path()) == 0);
}

TEST_CASE("nobody can change a message that was read") {
  const TemporaryDirectory directory;
  for (const std::uint64_t memory : {0U, 4096U}) {
    const auto spooled = spool("message", {.directory = directory.path().string(), .memory = memory});
    REQUIRE(spooled);
    const auto text = spooled->text();
    // NOLINTNEXTLINE(*-const-cast): to see that it is refused
    CHECK(::mprotect(const_cast<char*>(text.data()), text.size(), PROT_READ | PROT_WRITE) != 0);
  }
}

TEST_CASE("a message over the limit is refused for good, and read to its end all the same") {
  const TemporaryDirectory directory;
  const SpoolSettings settings = {.directory = directory.path().string(), .memory = 4096};
  CHECK(spool(std::string(100'000, 'x'), settings, 100'000));
  const auto refused = spool(std::string(500'000, 'x'), settings, 100'000);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().status == PIGEON_MESSAGE_REFUSED);
  CHECK(refused.failure().dsn == pigeon::Dsn{5, 3, 4});
  CHECK(refused.failure().detail.find("500000") != std::string::npos);
}

TEST_CASE("a message that does not end is given up at the deadline") {
  Input input;
  REQUIRE(pigeon::write_all(input.write, "Subject: x\n", "the pipe"));
  const auto begin = pigeon::Clock::now();
  const auto spooled = Spool::read(input.read.get(), {.directory = "/tmp", .memory = 4096}, {},
                                   Deadline::in(std::chrono::milliseconds(200)));
  REQUIRE_FALSE(spooled);
  CHECK(spooled.failure().status == PIGEON_TIMEOUT);
  CHECK(pigeon::Clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("a spool directory that is not there is trouble of ours") {
  const auto spooled = spool(std::string(100'000, 'x'), {.directory = "/nowhere/at/all", .memory = 10});
  REQUIRE_FALSE(spooled);
  CHECK(PIGEON_STATUS_RANGE(spooled.failure().status) == PIGEON_TEMPORARY);
  CHECK(spooled.failure().detail.find("/nowhere/at/all") != std::string::npos);
}

TEST_CASE("neither does a message that always has more to read hold anybody up") {
  const int endless = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  REQUIRE(endless >= 0);
  const auto deadline = Deadline::in(std::chrono::milliseconds(200));
  const auto spooled = Spool::read(endless, {}, 1000, deadline);
  REQUIRE_FALSE(spooled);
  CHECK(spooled.failure().status == PIGEON_TIMEOUT);
  drain(endless, deadline);
  ::close(endless);
}

TEST_CASE("what is drained is gone, and what does not end is left at the deadline") {
  Input input;
  REQUIRE(pigeon::write_all(input.write, "rest", "the pipe"));
  drain(input.read.get(), Deadline::in(std::chrono::milliseconds(100)));
  input.write.reset();
  std::array<char, 8> left = {};
  CHECK(::read(input.read.get(), left.data(), left.size()) == 0);
}

TEST_CASE("a spool can be handed on") {
  auto spooled = spool("message", {.directory = "/tmp", .memory = 4096});
  REQUIRE(spooled);
  const Spool moved = *std::move(spooled);
  CHECK(moved.text() == "message");
}
