// SPDX-License-Identifier: MIT
//
// Level 3 of a datatree: many processes at once, and processes that stop in the middle.
#include "conformance/check.hpp"
#include "conformance/other_process.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace pigeon::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kApply = "pigeon/abi/datatree.h, apply";
constexpr const char* kTime = "pigeon/abi/plugin.h, Time";
constexpr const char* kReadOnly = "it does not claim to write";
constexpr int kProcesses = 8;

// Makes the tree that the processes use, and closes it: an open instance does not survive a fork.
Result<bool> make_tree(Trial& trial, const std::vector<std::string>& paths) {
  auto tree = PIGEON_TRY(TreeClient::open(trial));
  if (!tree.can(PIGEON_DATATREE_APPLY)) return false;
  for (const auto& path : paths) {
    const auto created = tree.create(path, "0");
    if (!created.is_ok()) return temporary("create " + path + ": " + created.shown());
  }
  return true;
}

// The definite answer: what could not be done just now is tried again, unless it may have been done.
Reply apply_surely(TreeClient& tree, const Update& update) {
  for (const auto end = Deadline::in(seconds(20));;) {
    auto reply = tree.apply(update);
    if (!reply.is_temporary() || reply.failure.may_have_happened || end.passed()) return reply;
  }
}

constexpr int kRounds = 12;
struct Contest {
  std::array<std::atomic<int>, kRounds> arrived;
  std::array<std::atomic<int>, kRounds> winners;
  std::array<std::atomic<int>, kRounds> winner;
  std::array<std::atomic<int>, kRounds> losers;
};

Finding lets_one_win(Trial& trial) {
  std::vector<std::string> paths;
  for (int round = 0; round < kRounds; ++round) paths.push_back("/" + std::to_string(round));
  if (!PIGEON_EXPECT_OK(make_tree(trial, paths), "made a tree")) return Finding::skipped(kReadOnly);
  const Shared<Contest> contest;
  const auto compete = [&](int index) {
    auto tree = TreeClient::open_again(trial);
    if (!tree) return 1;
    for (std::size_t round = 0; round < kRounds; ++round) {
      ++contest->arrived[round];
      for (const auto end = Deadline::in(seconds(20)); contest->arrived[round] < kProcesses && !end.passed();)
        std::this_thread::yield();
      const auto reply = apply_surely(*tree, {.path = tree_path_of(paths[round]),
                                              .changes = {Change::set("other", std::to_string(index))},
                                              .preconditions = {Precondition::absent("other")}});
      if (reply.is_ok()) contest->winner[round] = index;
      if (reply.is_ok()) ++contest->winners[round];
      if (reply.status == PIGEON_CONFLICT) ++contest->losers[round];
    }
    return 0;
  };
  const int failed = run_together(kProcesses, compete, Deadline::in(seconds(60)));
  PIGEON_EXPECT(failed == 0, "let eight processes write on one condition", "an answer to each",
                std::to_string(failed) + " had none");
  auto tree = PIGEON_EXPECT_OK(TreeClient::open_again(trial), "opened the tree");
  for (std::size_t round = 0; round < kRounds; ++round) {
    PIGEON_EXPECT(contest->winners[round] == 1 && contest->losers[round] == kProcesses - 1,
                  "let eight processes set one attribute on the condition that it is absent",
                  "one success, seven conflicts",
                  std::to_string(contest->winners[round]) + " and " + std::to_string(contest->losers[round]));
    const auto value = tree.value(paths[round], "other");
    PIGEON_EXPECT(value == std::to_string(contest->winner[round]), "read what the winner wrote",
                  std::to_string(contest->winner[round]), "'" + value + "'");
  }
  return Finding::passed();
}

// Counts up in one attribute, each time on the condition that it is what was read.
struct Counter {
  static constexpr int kMost = 25;
  std::atomic<int> done;

  // False: there was an answer that ought not to be.
  bool count(Trial& trial) {
    auto tree = TreeClient::open_again(trial);
    if (!tree) return false;
    int own = 0;
    for (const auto end = Deadline::in(seconds(4)); own < kMost && !end.passed();) {
      const auto old = number(tree->value("/count", "note"));
      if (!old) continue;
      const auto reply =
          apply_surely(*tree, {.path = tree_path_of("/count"),
                               .changes = {Change::set("note", std::to_string(*old + 1))},
                               .preconditions = {Precondition::equal("note", std::to_string(*old))}});
      if (!reply.is_ok() && reply.status != PIGEON_CONFLICT) return false;
      if (reply.is_ok()) {
        ++own;
        ++done;
      }
    }
    return true;
  }
};

Finding judge(Trial& trial, const Counter& counter, int failed, const std::string& who) {
  const auto what =
      "let eight " + who + " count in one attribute, each on the condition that it is what was read";
  PIGEON_EXPECT(failed == 0, what, "an answer to each", std::to_string(failed) + " had none");
  auto tree = PIGEON_EXPECT_OK(TreeClient::open_again(trial), "opened the tree");
  const auto value = tree.value("/count", "note");
  PIGEON_EXPECT(value == std::to_string(counter.done) && counter.done > 0, what,
                std::to_string(counter.done) + ", the number of successes", value);
  return Finding::passed();
}

Finding loses_no_increment(Trial& trial) {
  if (!PIGEON_EXPECT_OK(make_tree(trial, {"/count"}), "made a tree")) return Finding::skipped(kReadOnly);
  const Shared<Counter> counter;
  const int failed = run_together(
      kProcesses, [&](int /*index*/) { return counter->count(trial) ? 0 : 1; }, Deadline::in(seconds(40)));
  return judge(trial, *counter, failed, "processes");
}

Finding serves_threads(Trial& trial) {
  if (!PIGEON_EXPECT_OK(make_tree(trial, {"/count"}), "made a tree")) return Finding::skipped(kReadOnly);
  Counter counter = {};
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int index = 0; index < kProcesses; ++index) {
      threads.emplace_back([&] {
        if (!counter.count(trial)) ++failed;
      });
    }
  }
  return judge(trial, counter, failed, "threads, with an instance each,");
}

Finding shows_whole_states(Trial& trial) {
  if (!PIGEON_EXPECT_OK(make_tree(trial, {"/pair"}), "made a tree")) return Finding::skipped(kReadOnly);
  struct Seen {
    std::atomic<int> reads;
    std::atomic<int> torn;
    std::atomic<int> absent;
  };
  const Shared<Seen> seen;
  const auto work = [&](int index) {
    auto tree = TreeClient::open_again(trial);
    if (!tree) return 1;
    int number = 0;
    for (const auto end = Deadline::in(seconds(2)); !end.passed();) {
      if (index == 0) {
        const auto text = std::to_string(++number);
        apply_surely(*tree, {.path = tree_path_of("/pair"),
                             .changes = {Change::set("note", text), Change::set("labels", Values{text}),
                                         Change::set("other", text)}});
        continue;
      }
      const auto reply = tree->fetch("/pair");
      if (reply.status == PIGEON_NOT_THERE) ++seen->absent;
      if (!reply.is_ok()) continue;
      const auto& attributes = reply.objects.front().attributes;
      ++seen->reads;
      // At the very beginning there is a note alone.
      const bool is_first = attributes.get("note") == "0" && attributes.size() == 1;
      const bool is_whole = attributes.get("note") == attributes.get("other") &&
                            attributes.get("note") == attributes.get("labels");
      if (!is_first && !is_whole) ++seen->torn;
    }
    return 0;
  };
  const int failed = run_together(4, work, Deadline::in(seconds(30)));
  PIGEON_EXPECT(failed == 0 && seen->reads > 0, "read an object while another process writes it",
                "some answers", "none");
  PIGEON_EXPECT(seen->torn == 0, "read an object while another process changes three attributes together",
                "all old or all new", std::to_string(seen->torn) + " times some of each");
  PIGEON_EXPECT(seen->absent == 0, "read an object while another process writes it", "never \"not there\"",
                std::to_string(seen->absent) + " times");
  return Finding::passed();
}

Finding waits_no_longer_than_told(Trial& trial) {
  constexpr auto kWait = milliseconds(300);
  // One second over, the host kills; one more for a machine that is busy.
  constexpr auto kMost = kWait + seconds(2);
  if (!PIGEON_EXPECT_OK(make_tree(trial, {"/a", "/b"}), "made a tree")) return Finding::skipped(kReadOnly);
  const Shared<std::atomic<int>> written;
  const OtherProcess writer([&] {
    auto tree = TreeClient::open_again(trial);
    for (int number = 0; tree; ++number) {
      static_cast<void>(tree->set("/a", "note", {std::to_string(number)}));
      ++*written;
    }
    return 1;
  });
  for (const auto end = TreeClient::soon(); *written < 3 && !end.passed();)
    std::this_thread::sleep_for(milliseconds(1));
  auto tree = PIGEON_EXPECT_OK(TreeClient::open_again(trial), "opened the tree");
  for (int round = 0; round < 15; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(trial.random()() % 5000));
    writer.stop();
    const std::string what = "stopped a process that was writing, ";
    const auto begin = Clock::now();
    const auto read = tree.fetch("/b", 0, Deadline::in(kWait));
    const auto read_took = Clock::now() - begin;
    const auto wrote = tree.apply(
        {.path = tree_path_of("/b"), .changes = {Change::set("note", "x")}, .deadline = Deadline::in(kWait)});
    const auto wrote_took = Clock::now() - begin - read_took;
    writer.send(SIGCONT);
    PIGEON_EXPECT(read.is_ok() || read.is_temporary(), what + "and read",
                  "the object, or a temporary failure", read.shown());
    PIGEON_EXPECT(wrote.is_ok() || wrote.is_temporary(), what + "and wrote",
                  "success, or a temporary failure", wrote.shown());
    PIGEON_EXPECT(std::max(read_took, wrote_took) < kMost,
                  what + "and used the tree with 300 ms to the deadline", "an answer by the deadline",
                  "one that came seconds later");
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"TREE-33", Weight::must, 3, PIGEON_KIND_DATATREE,
          "Of many who write on one condition at once, one succeeds and the others are told of the conflict",
          "lets eight processes write on the same condition, twelve times", kApply, lets_one_win, 90},
    Check{"TREE-34", Weight::must, 3, PIGEON_KIND_DATATREE,
          "A write on the condition of what was read overwrites nobody else's",
          "lets eight processes count in one attribute", kApply, loses_no_increment, 60},
    Check{"TREE-27", Weight::must, 3, PIGEON_KIND_DATATREE,
          "Threads with an instance each do not disturb each other",
          "lets eight threads count in one attribute", kApply, serves_threads, 60},
    Check{"TREE-35", Weight::must, 3, PIGEON_KIND_DATATREE,
          "Readers see an update whole or not at all, and an object that is there is always seen",
          "reads by three processes while one writes", kApply, shows_whole_states, 60},
    Check{"TREE-36", Weight::must, 3, PIGEON_KIND_DATATREE,
          "Where another process keeps the tree to itself, the answer is temporary and comes by the deadline",
          "stops a writing process at fifteen moments, and reads and writes", kTime,
          waits_no_longer_than_told, 30},
};

}  // namespace

std::span<const Check> tree_race_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
