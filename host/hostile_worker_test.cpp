// SPDX-License-Identifier: MIT
//
// A worker that writes where it should not, closes what is not its own, or leaves processes behind.
#include "host/testing/supervised.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using pigeon::Deadline;
using pigeon::host::Announce;
using pigeon::host::InPlugin;
using pigeon::host::Verdict;
using pigeon::testing::die_by;
using pigeon::testing::hang;
using pigeon::testing::run;
using pigeon::testing::Work;

namespace {

// The worker's end of the verdict pipe, found as a hostile plugin would: it is a pipe that is open for
// writing.
template <typename Use>
void with_verdict_pipe(Use&& use) {
  for (int fd = 3; fd < 64; ++fd) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
    struct stat output = {};
    ::fstat(STDOUT_FILENO, &output);
    if (status.st_ino == output.st_ino || (::fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY) continue;
    use(fd);
  }
}

void say(const std::string& bytes) {
  with_verdict_pipe([&](int fd) { static_cast<void>(::write(fd, bytes.data(), bytes.size()) == 0); });
}

// Whether a process is gone, soon.
bool is_gone(pid_t process) {
  for (const auto end = Deadline::in(std::chrono::seconds(5)); !end.passed();) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    if (!std::getline(file, text) || text.find(") Z") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace

TEST_CASE("what is no whole verdict is none") {
  const auto whole = encode(Verdict::delivered());
  for (const auto& bytes : {std::string("0\n"), std::string("delivered"), whole.substr(0, whole.size() - 1),
                            "PGNV" + std::string(4, '\xff'), std::string(64, '\0')}) {
    const auto result = run([&](const Announce& /*announce*/) {
      say(bytes);
      ::_exit(0);
    });
    CHECK(exit_status(result.verdict()) == 75);
  }
}

TEST_CASE("garbage without end fills no memory and makes no delivery") {
  const auto result = run(
      [](const Announce& /*announce*/) {
        with_verdict_pipe([](int fd) {
          const std::string garbage(65'536, 'x');
          for (int i = 0; i < 64; ++i) {
            if (::write(fd, garbage.data(), garbage.size()) < 0) break;
          }
        });
        ::_exit(0);
      },
      std::chrono::seconds(3));
  CHECK(exit_status(result.verdict()) == 75);
}

TEST_CASE("closing every descriptor takes the verdict away, and so delivers nothing") {
  const auto result = run([](const Announce& announce) {
    ::close_range(0, ~0U, 0);
    announce(Verdict::delivered());
  });
  CHECK(exit_status(result.verdict()) == 75);
}

TEST_CASE("closing standard output and error changes nothing") {
  const auto result = run([](const Announce& announce) {
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    announce(Verdict::delivered());
  });
  CHECK(result.verdict().is_delivered());
}

TEST_CASE("what a plugin prints goes to the log, a part of it, and never to the MTA") {
  const auto result = run([](const Announce& announce) {
    const InPlugin mark("mda-test", "deliver");
    for (int i = 0; i < 10'000; ++i) static_cast<void>(std::fprintf(stderr, "noise\n"));
    announce(Verdict::delivered());
  });
  CHECK(result.verdict().is_delivered());
  CHECK(result.log.find("output") != std::string::npos);
  CHECK(result.log.find("noise\\x0a") != std::string::npos);
  CHECK(result.log.size() < 20'000);
}

TEST_CASE("what the worker started dies with it, however it ends") {
  auto* started = static_cast<pid_t*>(
      ::mmap(nullptr, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const auto start = [&] {
    *started = ::fork();
    if (*started == 0) hang();
  };
  const std::vector<Work> ways = {
      [&](const Announce& announce) {
        start();
        announce(Verdict::delivered());
      },
      [&](const Announce& /*announce*/) {
        start();
        die_by(SIGKILL);
      },
      [&](const Announce& /*announce*/) {
        start();
        hang();
      },
  };
  for (const auto& work : ways) {
    run(work, std::chrono::milliseconds(100));
    CHECK(is_gone(*started));
  }
}
