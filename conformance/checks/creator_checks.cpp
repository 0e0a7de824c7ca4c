// SPDX-License-Identifier: MIT
//
// Creators: one allocation, whatever others do and whatever fails (level 2), and however many are at it at
// once (level 3). The host's operations are played.
#include "conformance/allocating_model.hpp"
#include "conformance/another_host.hpp"
#include "conformance/check.hpp"
#include "conformance/other_process.hpp"
#include "conformance/trial.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace pigeon::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kHeader = "pigeon/abi/creator.h";
constexpr const char* kObtain = "pigeon/abi/creator.h, obtain";
constexpr const char* kTime = "pigeon/abi/plugin.h, Time";
constexpr const char* kBlind =
    "it commits without asking (PIGEON_COMMIT_ALWAYS), and so promises nothing here";
// Long: a quarter of it is more than any lease.
constexpr auto kTimeEnough = seconds(600);

std::string shown(const Allocator& allocator, pigeon_status status) {
  return (status == PIGEON_OK ? "success" : "status " + std::to_string(status)) + ", after the calls " +
         allocator.shown_calls();
}

Finding takes_what_is_there(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Principality shared;
  allocate_elsewhere(shared);
  Allocator allocator(shared, Deadline::in(kTimeEnough));
  const auto status = allocator.obtain(*instance);
  if (allocator.commits_blindly()) return Finding::skipped(kBlind);
  PIGEON_EXPECT(status == PIGEON_OK && allocator.has_allocation() && allocator.count("commit") == 0,
                "obtained an allocation where there is one", "that one, and no commit",
                shown(allocator, status));
  return Finding::passed();
}

Finding commits_once(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Principality shared;
  Allocator allocator(shared, Deadline::in(kTimeEnough));
  const auto status = allocator.obtain(*instance);
  PIGEON_EXPECT(status == PIGEON_OK && allocator.has_allocation() && shared.commits == 1,
                "obtained an allocation where there is none", "success, and one commit",
                shown(allocator, status));
  PIGEON_EXPECT(allocator.broken_rule().empty(), "obtained an allocation where there is none",
                "the calls in their order, each as the header says",
                allocator.broken_rule() + ": " + allocator.shown_calls());
  PIGEON_EXPECT(!allocator.keeps_lock(), "obtained an allocation", "that the lock is given back",
                shown(allocator, status));
  return Finding::passed();
}

Finding takes_the_winners(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Principality shared;
  Allocator allocator(shared, Deadline::in(kTimeEnough));
  allocator.meanwhile = [&](const std::string& call) {
    if (call == "commit" && shared.allocation == 0) allocate_elsewhere(shared);
  };
  const auto status = allocator.obtain(*instance);
  if (allocator.commits_blindly()) return Finding::skipped(kBlind);
  PIGEON_EXPECT(shared.commits == 0, "let somebody else allocate just before the commit",
                "that theirs is not overwritten", shown(allocator, status));
  PIGEON_EXPECT(status == PIGEON_OK && allocator.has_allocation(),
                "let somebody else allocate just before the commit", "success, with theirs",
                shown(allocator, status));
  PIGEON_EXPECT(!allocator.keeps_lock(), "lost to somebody else", "that the lock is given back",
                shown(allocator, status));
  return Finding::passed();
}

Finding does_without_locks(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Principality shared;
  Allocator allocator(shared, Deadline::in(seconds(8)));
  allocator.fail("lock", PIGEON_UNSUPPORTED);
  const auto begin = Clock::now();
  const auto status = allocator.obtain(*instance);
  const auto* what = "obtained an allocation in a tree that has no locks";
  if (allocator.count("lock") == 0) return Finding::skipped("it asks for no lock");
  PIGEON_EXPECT(Clock::now() - begin < seconds(5), what, "an answer at once", "one at the deadline");
  PIGEON_EXPECT(allocator.broken_rule().empty(), what, "no commit under a lock that it does not hold",
                allocator.broken_rule());
  PIGEON_EXPECT(status == PIGEON_OK ? allocator.has_allocation() : PIGEON_STATUS_RANGE(status) != 0x2000U,
                what, "an allocation, or a failure on our side", shown(allocator, status));
  return Finding::passed();
}

Finding passes_failures_on(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  constexpr std::array<pigeon_status, 9> kStatuses = {
      PIGEON_TEMPORARY, PIGEON_UNAVAILABLE, PIGEON_TIMEOUT,           PIGEON_NO_SPACE, PIGEON_MISCONFIGURED,
      PIGEON_BUG,       PIGEON_REFUSED,     PIGEON_UNKNOWN_RECIPIENT, 0x7001};
  for (const auto* call : {"read", "propose", "commit", "lock", "unlock"}) {
    for (const auto given : kStatuses) {
      Principality shared;
      Allocator allocator(shared, Deadline::in(seconds(2)));
      allocator.fail(call, given);
      const auto status = allocator.obtain(*instance);
      const auto what = std::string("let ") + call + " fail with status " + std::to_string(given);
      const auto came = shown(allocator, status);
      if (status == PIGEON_OK) {
        PIGEON_EXPECT(allocator.has_allocation(), what, "no success without an allocation", came);
      } else {
        const bool was_temporary = PIGEON_STATUS_RANGE(given) != 0x2000U;
        PIGEON_EXPECT(PIGEON_STATUS_RANGE(status) != 0, what, "a failure", came);
        PIGEON_EXPECT(!was_temporary || PIGEON_STATUS_RANGE(status) != 0x2000U, what, "no permanent failure",
                      came);
      }
      PIGEON_EXPECT(!allocator.keeps_lock() || allocator.count("unlock") > 0, what,
                    "that the lock is given back", came);
    }
  }
  return Finding::passed();
}

Finding cannot_write_when_overtaken(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Principality shared;
  Allocator allocator(shared, Deadline::in(kTimeEnough));
  bool was_overtaken = false;
  int wrote = 0;
  // Stopped beyond its lease. The successor has not written yet: the lock alone can keep it from writing.
  allocator.meanwhile = [&](const std::string& call) {
    if (call == "commit" && allocator.keeps_lock() && !was_overtaken) {
      was_overtaken = true;
      overtake_lock(shared);
      return;
    }
    if (!was_overtaken || wrote != 0) return;
    wrote = shared.commits + 1;
    shared.lock = 0;
    allocate_elsewhere(shared);
  };
  const auto status = allocator.obtain(*instance);
  if (!was_overtaken) return Finding::skipped("it asks for no lock");
  PIGEON_EXPECT(shared.commits == 0, "overtook the holder of a lock just before its commit",
                "that it cannot write", shown(allocator, status));
  PIGEON_EXPECT(status == PIGEON_OK ? allocator.has_allocation() : PIGEON_STATUS_RANGE(status) != 0x2000U,
                "overtook the holder of a lock just before its commit", "the successor's allocation",
                shown(allocator, status));
  return Finding::passed();
}

Finding ends_by_the_deadline(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  for (const auto left : {seconds(-10), seconds(0), seconds(1)}) {
    Principality shared;
    Allocator allocator(shared, Deadline::in(left));
    // Others allocate and remove without end.
    allocator.meanwhile = [&](const std::string& call) {
      shared.allocation = call == "commit" ? ++shared.last : 0;
      if (call == "commit") std::this_thread::sleep_for(milliseconds(1));
    };
    const auto begin = Clock::now();
    const auto status = allocator.obtain(*instance);
    if (allocator.commits_blindly()) return Finding::skipped(kBlind);
    const auto what = "let others be first again and again, with " + std::to_string(left.count()) +
                      " seconds to the deadline";
    PIGEON_EXPECT(Clock::now() - begin < std::max(left, seconds(0)) + seconds(2), what,
                  "an answer by the deadline", "one that came seconds later");
    PIGEON_EXPECT(
        status != PIGEON_OK && PIGEON_STATUS_RANGE(status) != 0x2000U && PIGEON_STATUS_RANGE(status) != 0,
        what, "a temporary failure", status == PIGEON_OK ? "success" : "status " + std::to_string(status));
    PIGEON_EXPECT(!allocator.keeps_lock(), what, "that the lock is given back", "that it is not");
  }
  return Finding::passed();
}

struct Race {
  Principality shared;
  std::atomic<int> arrived;
  std::atomic<int> wrong;  // success without the allocation that is in the tree, or no success
  std::atomic<bool> blind;
};

void compete(Trial& trial, Race& race, int all) {
  auto settings = trial.settings();
  auto instance =
      settings ? trial.open_with(*settings) : Result<std::unique_ptr<Instance>>(settings.failure());
  ++race.arrived;
  for (const auto end = Deadline::in(seconds(10)); race.arrived < all && !end.passed();)
    std::this_thread::yield();
  Allocator allocator(race.shared, Deadline::in(kTimeEnough));
  allocator.meanwhile = [](const std::string& call) {
    if (call == "commit") std::this_thread::sleep_for(milliseconds(1));
  };
  const bool is_right = instance && allocator.obtain(**instance) == PIGEON_OK && allocator.has_allocation();
  if (!is_right) ++race.wrong;
  if (allocator.commits_blindly()) race.blind = true;
}

Finding judge(const Race& race, const std::string& who) {
  if (race.blind) return Finding::skipped(kBlind);
  const auto what = "let " + who + " obtain one principal's first allocation at once";
  PIGEON_EXPECT(race.shared.commits == 1, what, "one commit", std::to_string(race.shared.commits));
  PIGEON_EXPECT(race.wrong == 0, what, "that each has the one allocation",
                std::to_string(race.wrong) + " have not");
  return Finding::passed();
}

Finding threads_get_one(Trial& trial) {
  PIGEON_EXPECT_OK(trial.library(), "loaded the plugin");
  constexpr int kThreads = 64;
  Race race = {};
  std::vector<std::thread> threads;
  for (int index = 0; index < kThreads; ++index)
    threads.emplace_back([&] { compete(trial, race, kThreads); });
  for (auto& thread : threads) thread.join();
  return judge(race, "64 threads");
}

Finding processes_get_one(Trial& trial) {
  PIGEON_EXPECT_OK(trial.library(), "loaded the plugin");
  constexpr int kProcesses = 64;
  const Shared<Race> race;
  run_together(
      kProcesses,
      [&](int /*index*/) {
        compete(trial, *race, kProcesses);
        return 0;
      },
      Deadline::in(seconds(25)));
  return judge(*race, "64 processes");
}

Finding hosts_get_one(Trial& trial) {
  PIGEON_EXPECT_OK(trial.library(), "loaded the plugin");
  if (const auto why = why_no_other_hosts(); !why.empty()) return Finding::skipped(why);
  constexpr int kHosts = 16;
  const auto deadline = Deadline::in(seconds(25));
  const Shared<Race> race;
  const auto be_a_host = [&](int /*index*/) {
    const auto body = [&] {
      compete(trial, *race, kHosts);
      return EXIT_SUCCESS;
    };
    return run_on_another_host(trial.directory(), body, deadline);
  };
  const int failed = run_together(kHosts, be_a_host, deadline);
  PIGEON_EXPECT(failed == 0, "let 16 hosts obtain one principal's first allocation at once",
                "an answer from each", std::to_string(failed) + " gave none");
  return judge(*race, "16 hosts");
}

constexpr std::array kChecks = {
    Check{"CREATOR-01", Weight::must, 2, PIGEON_KIND_CREATOR,
          "An allocation that is there is taken, and nothing is committed", "obtains where there is one",
          kObtain, takes_what_is_there},
    Check{"CREATOR-02", Weight::must, 2, PIGEON_KIND_CREATOR,
          "Where there is none, one is proposed and committed once, and the lock is given back",
          "obtains where there is none, and looks at the calls", kHeader, commits_once},
    Check{"CREATOR-03", Weight::must, 2, PIGEON_KIND_CREATOR, "Who loses takes the winner's allocation",
          "lets somebody else allocate just before the commit", kObtain, takes_the_winners},
    Check{"CREATOR-04", Weight::must, 2, PIGEON_KIND_CREATOR,
          "Without locks in the tree the answer comes at once, and nothing is committed under a lock",
          "answers PIGEON_UNSUPPORTED to each lock", kHeader, does_without_locks},
    Check{"CREATOR-05", Weight::must, 2, PIGEON_KIND_CREATOR,
          "No success without an allocation; a temporary failure stays one; the lock is given back",
          "lets each operation fail with each kind of status", kHeader, passes_failures_on, 150},
    Check{"CREATOR-31", Weight::must, 3, PIGEON_KIND_CREATOR,
          "A holder that was stopped beyond its lease and overtaken cannot write",
          "overtakes its lock just before the commit", kHeader, cannot_write_when_overtaken},
    Check{"CREATOR-32", Weight::must, 3, PIGEON_KIND_CREATOR, "Obtaining ends by the deadline",
          "lets others be first without end, with the deadline passed and to come", kTime,
          ends_by_the_deadline, 15},
    Check{"CREATOR-33", Weight::must, 3, PIGEON_KIND_CREATOR, "Many threads at once get one allocation",
          "lets 64 threads obtain, each with an instance of its own", kHeader, threads_get_one},
    Check{"CREATOR-34", Weight::must, 3, PIGEON_KIND_CREATOR, "Many processes at once get one allocation",
          "lets 64 processes obtain", kHeader, processes_get_one, 60},
    Check{"CREATOR-35", Weight::must, 3, PIGEON_KIND_CREATOR, "Many hosts at once get one allocation",
          "lets 16 processes obtain that see none of each other's files, memory, sockets and process ids",
          kHeader, hosts_get_one, 60},
};

}  // namespace

std::span<const Check> creator_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
