// SPDX-License-Identifier: MIT
#include "host/supervisor.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using pigeon::Clock;
using pigeon::Deadline;
using pigeon::host::Announce;
using pigeon::host::InPlugin;
using pigeon::host::Log;
using pigeon::host::supervise;
using pigeon::host::Verdict;
using pigeon::testing::TemporaryDirectory;

namespace {

using Work = std::function<void(const Announce&)>;

struct Supervised {
  std::vector<Verdict> told;
  std::string log;
  std::chrono::milliseconds took = {};

  [[nodiscard]] const Verdict& verdict() const {
    REQUIRE(told.size() == 1);
    return told.front();
  }
};

Supervised run(const Work& work, std::chrono::milliseconds time = std::chrono::seconds(20)) {
  const TemporaryDirectory directory;
  Log log("test");
  log.configure({.to = directory / "log"});
  Supervised result;
  const auto begin = Clock::now();
  supervise(
      work, [&](const Verdict& verdict) { result.told.push_back(verdict); }, Deadline::in(time), log);
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  result.log = directory.read("log");
  return result;
}

void die_by(int signal) {
  static_cast<void>(::raise(signal));
}

void hang() {
  for (;;) ::pause();
}

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

Verdict refused() {
  return Verdict::of(pigeon::failure(PIGEON_REFUSED, "refused"));
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

TEST_CASE("the verdict that the worker announced is told, once") {
  const auto delivered = run([](const Announce& announce) { announce(Verdict::delivered()); });
  CHECK(delivered.verdict().is_delivered());
  CHECK(delivered.log.empty());
  const auto other = run([](const Announce& announce) { announce(refused()); });
  CHECK(other.verdict().status == PIGEON_REFUSED);
}

TEST_CASE("a worker that says nothing has not delivered, whatever its exit status") {
  for (const int status : {0, 1, 67, 77}) {
    const auto result = run([&](const Announce& /*announce*/) { ::_exit(status); });
    CHECK(exit_status(result.verdict()) == 75);
    CHECK(result.verdict().detail.find("exited with status " + std::to_string(status) +
                                       " without a verdict") != std::string::npos);
    CHECK(result.verdict().facts == pigeon::host::Fields{{"may-have-happened", "yes"}});
  }
  const auto returned = run([](const Announce& /*announce*/) {});
  CHECK(exit_status(returned.verdict()) == 75);
}

TEST_CASE("a plugin that calls exit delivers nothing, and is named") {
  const auto result = run([](const Announce& /*announce*/) {
    const InPlugin mark("mda-test", "deliver");
    std::quick_exit(0);
  });
  CHECK(exit_status(result.verdict()) == 75);
  CHECK(result.verdict().detail.find("in plugin mda-test, deliver") != std::string::npos);
  CHECK(result.verdict().remedy.find("plugin") != std::string::npos);
}

TEST_CASE("a worker is not blamed for what another one did before") {
  run([](const Announce& /*announce*/) {
    const InPlugin mark("mda-test", "deliver");
    die_by(SIGKILL);
  });
  const auto result = run([](const Announce& /*announce*/) { die_by(SIGKILL); });
  CHECK(result.verdict().detail.find("mda-test") == std::string::npos);
}

TEST_CASE("a crash is told by the name of its signal, and by the plugin that it happened in") {
  for (const int signal : {SIGSEGV, SIGABRT, SIGKILL, SIGFPE}) {
    const auto result = run([&](const Announce& /*announce*/) {
      const InPlugin outer("module-test", "run");
      const InPlugin inner("mda-test", "deliver");
      die_by(signal);
    });
    CHECK(exit_status(result.verdict()) == 75);
    CHECK(result.verdict().detail.find("killed by signal " + std::to_string(signal)) != std::string::npos);
    CHECK(result.verdict().detail.find("in plugin mda-test, deliver") != std::string::npos);
  }
}

TEST_CASE("who is to blame is remembered as calls nest and return") {
  const auto text = [] { return pigeon::host::Progress::instance().text(); };
  pigeon::host::Progress::instance().restore({});
  CHECK(text().empty());
  {
    const InPlugin outer("a", "run");
    CHECK(text() == "in plugin a, run");
    {
      const InPlugin inner(std::string(200, 'x'), "store\n");
      CHECK(text().size() < 120);
      CHECK(text().find("store\\x0a") != std::string::npos);
    }
    CHECK(text() == "in plugin a, run");
  }
  CHECK(text().empty());
}

TEST_CASE("an exception that nobody caught is a bug, and memory that is short is trouble of ours") {
  const auto thrown = run([](const Announce& /*announce*/) { throw std::runtime_error("oh"); });
  CHECK(thrown.verdict().status == PIGEON_BUG);
  CHECK(thrown.verdict().detail.find("oh") != std::string::npos);
  const auto memory = run([](const Announce& /*announce*/) { throw std::bad_alloc(); });
  CHECK(memory.verdict().status == PIGEON_TEMPORARY);
  const auto other = run([](const Announce& /*announce*/) { throw 1; });
  CHECK(other.verdict().status == PIGEON_BUG);
}

TEST_CASE("a worker that hangs is put down a second after its deadline") {
  const auto result = run(
      [](const Announce& /*announce*/) {
        const InPlugin mark("datatree-test", "fetch");
        hang();
      },
      std::chrono::milliseconds(100));
  CHECK(result.verdict().status == PIGEON_TIMEOUT);
  CHECK(exit_status(result.verdict()) == 75);
  CHECK(result.verdict().detail.find("in plugin datatree-test, fetch") != std::string::npos);
  CHECK(result.took >= std::chrono::milliseconds(1000));
  CHECK(result.took < std::chrono::milliseconds(6000));
}

TEST_CASE("a worker that blocks every signal and stops itself is put down all the same") {
  const auto result = run(
      [](const Announce& /*announce*/) {
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        die_by(SIGSTOP);
        hang();
      },
      std::chrono::milliseconds(100));
  CHECK(result.verdict().status == PIGEON_TIMEOUT);
  CHECK(result.took < std::chrono::milliseconds(6000));
}

TEST_CASE("a verdict stands, whatever the worker does afterwards") {
  const std::vector<Work> afterwards = {
      [](const Announce& announce) {
        announce(Verdict::delivered());
        die_by(SIGSEGV);
      },
      [](const Announce& announce) {
        announce(Verdict::delivered());
        ::_exit(75);
      },
      [](const Announce& announce) {
        announce(Verdict::delivered());
        announce(refused());
      },
      [](const Announce& announce) {
        announce(Verdict::delivered());
        throw std::runtime_error("late");
      },
  };
  for (const auto& work : afterwards) CHECK(run(work).verdict().is_delivered());
}

TEST_CASE("a worker that hangs after its verdict keeps the sender waiting for nothing") {
  Clock::time_point told;
  const TemporaryDirectory directory;
  Log log("test");
  log.configure({.to = directory / "log"});
  const auto begin = Clock::now();
  supervise(
      [](const Announce& announce) {
        announce(Verdict::delivered());
        hang();
      },
      [&](const Verdict& verdict) {
        CHECK(verdict.is_delivered());
        told = Clock::now();
      },
      Deadline::in(std::chrono::seconds(20)), log);
  CHECK(told - begin < std::chrono::milliseconds(1500));
  CHECK(Clock::now() - begin < std::chrono::seconds(8));
}

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

TEST_CASE("a signal to the parent makes the mail wait, at once") {
  // In a child, because what was interrupted once stays so.
  const pid_t child = ::fork();
  if (child == 0) {
    const auto result = run([parent = ::getpid()](const Announce& /*announce*/) {
      ::kill(parent, SIGTERM);
      hang();
    });
    const bool right = result.told.size() == 1 && exit_status(result.told.front()) == 75 &&
                       result.told.front().detail.find("interrupted by signal 15") != std::string::npos &&
                       result.took < std::chrono::seconds(5);
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
