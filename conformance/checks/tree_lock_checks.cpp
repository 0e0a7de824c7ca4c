// SPDX-License-Identifier: MIT
//
// Locks of a datatree: they exclude, between instances (level 2) and between processes (level 3), and a token
// that was overtaken is worth nothing.
#include "conformance/check.hpp"
#include "conformance/other_process.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace pigeon::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kLock = "pigeon/abi/datatree.h, lock";
constexpr const char* kToken = "pigeon/abi/datatree.h, pigeon_update";
constexpr const char* kNoLocks = "it does not claim to lock and to write";
constexpr std::uint32_t kNeeded = PIGEON_DATATREE_LOCK | PIGEON_DATATREE_APPLY;
constexpr auto kLong = seconds(60);

Update under(const Token& token, const char* note) {
  return {.path = tree_path_of("/a"), .changes = {Change::set("note", note)}, .token = token};
}

std::string shown(nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(time).count()) + " ms";
}

Finding excludes_instances(Trial& trial) {
  auto first = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!first.can(kNeeded)) return Finding::skipped(kNoLocks);
  auto second = PIGEON_EXPECT_OK(TreeClient::open_again(trial), "opened another instance");
  for (const auto* path : {"/a", "/b"})
    PIGEON_EXPECT_STATUS(first.create(path), PIGEON_OK, std::string("created ") + path);
  const auto held = first.lock("/a", kLong, TreeClient::soon());
  PIGEON_EXPECT_STATUS(held, PIGEON_OK, "locked /a");
  PIGEON_EXPECT(!held.token.empty(), "locked /a", "a token", "an empty one");
  const auto begin = Clock::now();
  const auto waited = second.lock("/a", kLong, Deadline::in(milliseconds(300)));
  const auto took = Clock::now() - begin;
  PIGEON_EXPECT(waited.status == PIGEON_BUSY || waited.status == PIGEON_TIMEOUT,
                "locked /a, which another instance holds, with 300 ms to the deadline",
                "PIGEON_BUSY or PIGEON_TIMEOUT", waited.shown());
  PIGEON_EXPECT(took < seconds(2), "waited for a lock until a deadline in 300 ms", "an answer by then",
                "one after " + shown(took));
  const auto elsewhere = second.lock("/b", kLong, TreeClient::soon());
  PIGEON_EXPECT_STATUS(elsewhere, PIGEON_OK, "locked /b, while /a is locked");
  PIGEON_EXPECT(elsewhere.token != held.token, "locked /a and /b", "two tokens", "the same twice");
  PIGEON_EXPECT_STATUS(first.unlock("/a", held.token), PIGEON_OK, "unlocked /a");
  const auto again = second.lock("/a", kLong, TreeClient::soon());
  PIGEON_EXPECT_STATUS(again, PIGEON_OK, "locked /a, which was unlocked");
  PIGEON_EXPECT(again.token != held.token, "locked /a a second time", "a new token", "the old one");
  PIGEON_EXPECT_STATUS(first.lock("/nobody", kLong, TreeClient::soon()), PIGEON_NOT_THERE,
                       "locked what is not there");
  return Finding::passed();
}

Finding asks_for_the_token(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(kNeeded)) return Finding::skipped(kNoLocks);
  for (const auto* path : {"/a", "/b"})
    PIGEON_EXPECT_STATUS(tree.create(path), PIGEON_OK, std::string("created ") + path);
  PIGEON_EXPECT_STATUS(tree.apply(under("made up", "0")), PIGEON_CONFLICT,
                       "wrote under a token that was never given, to an object that is not locked");
  const auto held = tree.lock("/a", kLong, TreeClient::soon());
  const auto other = tree.lock("/b", kLong, TreeClient::soon());
  PIGEON_EXPECT_STATUS(held, PIGEON_OK, "locked /a");
  PIGEON_EXPECT_STATUS(other, PIGEON_OK, "locked /b");
  PIGEON_EXPECT_STATUS(tree.apply(under(held.token, "1")), PIGEON_OK, "wrote under the lock's token");
  PIGEON_EXPECT_STATUS(tree.apply(under(held.token, "2")), PIGEON_OK, "wrote under it a second time");
  PIGEON_EXPECT_STATUS(tree.apply(under(other.token, "3")), PIGEON_CONFLICT,
                       "wrote to /a under the token of /b");
  PIGEON_EXPECT_STATUS(tree.apply(under("made up", "4")), PIGEON_CONFLICT,
                       "wrote to a locked object under another token");
  PIGEON_EXPECT_STATUS(tree.unlock("/a", other.token), PIGEON_CONFLICT, "unlocked /a with the token of /b");
  PIGEON_EXPECT_STATUS(tree.apply(under(held.token, "5")), PIGEON_OK,
                       "wrote under the token, after somebody tried to unlock with another");
  PIGEON_EXPECT_STATUS(tree.unlock("/a", held.token), PIGEON_OK, "unlocked /a");
  PIGEON_EXPECT_STATUS(tree.apply(under(held.token, "6")), PIGEON_CONFLICT,
                       "wrote under a token that was given back");
  PIGEON_EXPECT_STATUS(tree.unlock("/a", held.token), PIGEON_CONFLICT, "unlocked /a a second time");
  const auto note = tree.value("/a", "note");
  PIGEON_EXPECT(note == "5", "looked at what was written under these tokens", "5", note);
  return Finding::passed();
}

Finding overtakes_after_the_lease(Trial& trial) {
  constexpr auto kLease = milliseconds(400);
  auto first = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!first.can(kNeeded)) return Finding::skipped(kNoLocks);
  auto second = PIGEON_EXPECT_OK(TreeClient::open_again(trial), "opened another instance");
  PIGEON_EXPECT_STATUS(first.create("/a"), PIGEON_OK, "created /a");
  const auto old = first.lock("/a", kLease, TreeClient::soon());
  PIGEON_EXPECT_STATUS(old, PIGEON_OK, "locked /a");
  // The lease is watched, not counted from when the lock was taken: it may be another clock.
  std::this_thread::sleep_for(kLease / 2);
  const auto begin = Clock::now();
  const auto taken = second.lock("/a", kLease, TreeClient::soon());
  const auto took = Clock::now() - begin;
  PIGEON_EXPECT_STATUS(taken, PIGEON_OK, "waited for a lock that is not given back, longer than its lease");
  PIGEON_EXPECT(took >= kLease, "took a lock over whose lease is " + shown(kLease),
                "that it was seen unchanged for that long", "taken after " + shown(took));
  PIGEON_EXPECT_STATUS(first.apply(under(old.token, "old")), PIGEON_CONFLICT,
                       "wrote under the token of a lock that was taken over");
  PIGEON_EXPECT_STATUS(first.unlock("/a", old.token), PIGEON_CONFLICT, "unlocked a lock that was taken over");
  PIGEON_EXPECT_STATUS(second.apply(under(taken.token, "new")), PIGEON_OK,
                       "wrote under the new token, after the old holder tried to unlock");
  PIGEON_EXPECT(first.value("/a", "note") == "new", "looked at what was written", "new",
                first.value("/a", "note"));
  PIGEON_EXPECT_STATUS(second.unlock("/a", taken.token), PIGEON_OK, "unlocked it with the new token");
  return Finding::passed();
}

// Makes the tree that the processes use, and closes it: an open instance does not survive a fork.
Result<bool> make_tree(Trial& trial) {
  auto tree = PIGEON_TRY(TreeClient::open(trial));
  if (!tree.can(kNeeded)) return false;
  const auto created = tree.create("/a");
  return created.is_ok() ? Result<bool>(true) : Result<bool>(temporary("create /a: " + created.shown()));
}

struct Inside {
  std::atomic<int> now;
  std::atomic<int> rounds;
  std::atomic<int> met;  // how often there was another one inside
};

Finding excludes_processes(Trial& trial) {
  if (!PIGEON_EXPECT_OK(make_tree(trial), "made a tree")) return Finding::skipped(kNoLocks);
  const Shared<Inside> inside;
  const auto visit = [&](int /*index*/) {
    auto tree = TreeClient::open_again(trial);
    if (!tree) return 1;
    for (const auto end = Deadline::in(seconds(3)); !end.passed();) {
      const auto held = tree->lock("/a", kLong, Deadline::in(seconds(20)));
      if (!held.is_ok()) return 2;
      if (++inside->now != 1) ++inside->met;
      std::this_thread::sleep_for(milliseconds(3));
      --inside->now;
      ++inside->rounds;
      if (!tree->unlock("/a", held.token).is_ok()) return 3;
    }
    return 0;
  };
  const int failed = run_together(4, visit, Deadline::in(seconds(40)));
  PIGEON_EXPECT(inside->met == 0, "four processes locked and unlocked one object for three seconds",
                "one at a time", std::to_string(inside->met) + " times there was another one");
  PIGEON_EXPECT(failed == 0, "four processes locked and unlocked one object for three seconds",
                "that each gets the lock and can give it back", std::to_string(failed) + " could not");
  PIGEON_EXPECT(inside->rounds > 0, "four processes locked and unlocked one object", "some rounds", "none");
  return Finding::passed();
}

Finding survives_a_killed_holder(Trial& trial) {
  constexpr auto kLease = milliseconds(300);
  if (!PIGEON_EXPECT_OK(make_tree(trial), "made a tree")) return Finding::skipped(kNoLocks);
  const Shared<std::atomic<int>> locked;
  for (int round = 0; round < 5; ++round) {
    *locked = 0;
    OtherProcess holder([&] {
      auto tree = TreeClient::open_again(trial);
      const bool has = tree && tree->lock("/a", kLease, TreeClient::soon()).is_ok();
      *locked = has ? 1 : -1;
      std::this_thread::sleep_for(seconds(60));
      return 0;
    });
    for (const auto end = TreeClient::soon(); *locked == 0 && !end.passed();)
      std::this_thread::sleep_for(milliseconds(1));
    PIGEON_EXPECT(*locked == 1, "locked /a in another process", "success", "none within ten seconds");
    holder.send(SIGKILL);
    holder.wait_until(TreeClient::soon());
    // In a process of its own as well: the next round forks again.
    const int taken = run_together(
        1,
        [&](int /*index*/) {
          auto tree = TreeClient::open_again(trial);
          const auto held = tree ? tree->lock("/a", kLease, TreeClient::soon()) : Reply();
          if (!held.is_ok()) return 1;
          return tree->unlock("/a", held.token).is_ok() ? 0 : 2;
        },
        Deadline::in(seconds(15)));
    PIGEON_EXPECT(taken == 0, "killed the holder of a lock, and locked with a lease of " + shown(kLease),
                  "the lock, once the lease was over", "none within ten seconds");
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"TREE-19", Weight::must, 2, PIGEON_KIND_DATATREE,
          "A lock excludes other instances until it is given back, and waiting for it ends by the deadline",
          "locks one object by two instances, and another one", kLock, excludes_instances},
    Check{"TREE-20", Weight::must, 2, PIGEON_KIND_DATATREE,
          "A write under a token succeeds only while the lock on that object is held under it",
          "writes under the token, another one, one that was never given, and one that was given back",
          kToken, asks_for_the_token},
    Check{"TREE-21", Weight::must, 2, PIGEON_KIND_DATATREE,
          "A lock is taken over after it was seen unchanged for a lease; the old token then is worth nothing",
          "lets a second instance wait for a lock that is not given back", kLock, overtakes_after_the_lease},
    Check{"TREE-31", Weight::must, 3, PIGEON_KIND_DATATREE, "A lock excludes other processes",
          "lets four processes lock and unlock one object", kLock, excludes_processes, 60},
    Check{"TREE-32", Weight::must, 3, PIGEON_KIND_DATATREE,
          "The lock of a process that was killed is taken over after the lease", "kills a holder, five times",
          kLock, survives_a_killed_holder, 90},
};

}  // namespace

std::span<const Check> tree_lock_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
