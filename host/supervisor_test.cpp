// SPDX-License-Identifier: MIT
#include "host/supervisor.hpp"

#include "host/testing/supervised.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

using pigeon::Clock;
using pigeon::Deadline;
using pigeon::host::Announce;
using pigeon::host::InPlugin;
using pigeon::host::Log;
using pigeon::host::supervise;
using pigeon::host::Verdict;
using pigeon::testing::die_by;
using pigeon::testing::hang;
using pigeon::testing::run;
using pigeon::testing::TemporaryDirectory;
using pigeon::testing::Work;

namespace {

Verdict refused() {
  return Verdict::of(pigeon::failure(PIGEON_REFUSED, "refused"));
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
