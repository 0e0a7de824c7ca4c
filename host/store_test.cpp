// SPDX-License-Identifier: MIT
#include "host/store.hpp"

#include "host/testing/stage.hpp"

#include <pigeon/testing/fake_delivery.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using pigeon::Delivery;
using pigeon::Stored;
using pigeon::host::Store;
using pigeon::testing::FakeDelivery;
using pigeon::testing::Stage;

namespace {

const pigeon::Allocation mailbox = {.id = "i", .attributes = {{"place", {"/x"}}}, .principal = {"d", "u"}};

// A gate that the MDA waits at, so that the test knows who is inside and who waits.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void wait_for_arrival(int count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

// Calls to the store, each from a thread of its own.
class Callers {
 public:
  explicit Callers(Store& store) : store_(store) {}
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;
  Callers(Callers&&) = delete;
  Callers& operator=(Callers&&) = delete;
  ~Callers() { join(); }

  FakeDelivery& call(const std::string& mda = "mda-lent") {
    const auto number = deliveries_.size();
    auto& delivery = *deliveries_.emplace_back(
        std::make_unique<FakeDelivery>(mailbox, "id" + std::to_string(number), "body"));
    threads_.emplace_back([this, mda, &delivery] { store_.store(mda, delivery.lent()); });
    return delivery;
  }
  // `count` more, one after the other, while somebody else leads.
  void call_many(std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i) {
      call();
      while (store_.waiting("mda-lent") < i) std::this_thread::yield();
    }
  }
  void join() {
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }
  [[nodiscard]] const std::vector<std::unique_ptr<FakeDelivery>>& deliveries() const { return deliveries_; }

 private:
  Store& store_;
  std::vector<std::unique_ptr<FakeDelivery>> deliveries_;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("one caller alone is a batch of one, and waits for nobody") {
  Stage stage;
  std::size_t size = 0;
  stage.mda.on_deliver = [&](std::span<Delivery> batch) {
    size = batch.size();
    batch[0].answer(Stored{.where = "here"});
  };
  const FakeDelivery delivery(mailbox, "id", "body");
  const auto begin = pigeon::Clock::now();
  stage.store->store("mda-lent", delivery.lent());
  CHECK(pigeon::Clock::now() - begin < std::chrono::seconds(2));
  CHECK(delivery.status() == PIGEON_OK);
  CHECK(delivery.stored() == "here");
  CHECK(size == 1);
}

TEST_CASE("callers that wait for the same MDA are gathered, oldest first, and one of them leads") {
  Stage stage;
  Gate gate;
  std::vector<std::vector<std::string>> batches;
  stage.mda.on_deliver = [&](std::span<Delivery> batch) {
    auto& ids = batches.emplace_back();
    for (const auto& each : batch) ids.push_back(each.id());
    if (batches.size() == 1) gate.pass();
    for (const auto& each : batch) each.answer(Stored{.where = each.id()});
  };
  Callers callers(*stage.store);
  callers.call();
  gate.wait_for_arrival();
  callers.call_many(5);
  gate.open();
  callers.join();
  REQUIRE(batches.size() == 2);
  CHECK(batches[0] == std::vector<std::string>{"id0"});
  CHECK(batches[1] == std::vector<std::string>{"id1", "id2", "id3", "id4", "id5"});
  for (std::size_t i = 0; i < callers.deliveries().size(); ++i) {
    CHECK(callers.deliveries()[i]->status() == PIGEON_OK);
    CHECK(callers.deliveries()[i]->stored() == "id" + std::to_string(i));
  }
}

TEST_CASE("a batch has a bound, and what is over it makes the next one") {
  Stage stage;
  Gate gate;
  std::vector<std::size_t> sizes;
  stage.mda.on_deliver = [&](std::span<Delivery> batch) {
    sizes.push_back(batch.size());
    if (sizes.size() == 1) gate.pass();
    for (const auto& each : batch) each.answer(Stored{.where = "here"});
  };
  Callers callers(*stage.store);
  callers.call();
  gate.wait_for_arrival();
  callers.call_many(Store::kLargestBatch + 3);
  gate.open();
  callers.join();
  CHECK(sizes == std::vector<std::size_t>{1, Store::kLargestBatch, 3});
}

TEST_CASE("what one delivery meets does not touch the others of its batch") {
  Stage stage;
  Gate gate;
  int batches = 0;
  stage.mda.on_deliver = [&](std::span<Delivery> batch) {
    if (++batches == 1) gate.pass();
    for (const auto& each : batch) {
      if (each.id() == "id2") {
        each.answer(pigeon::failure(PIGEON_REFUSED, "over quota"));
      } else if (each.id() != "id3") {
        each.answer(Stored{.where = "here"});
      }
    }
  };
  Callers callers(*stage.store);
  callers.call();
  gate.wait_for_arrival();
  callers.call_many(4);
  gate.open();
  callers.join();
  CHECK(batches == 2);
  CHECK(callers.deliveries()[1]->status() == PIGEON_OK);
  CHECK(callers.deliveries()[2]->status() == PIGEON_REFUSED);
  CHECK(callers.deliveries()[2]->failure().detail == "over quota");
  CHECK(callers.deliveries()[3]->status() == PIGEON_BUG);  // what was not answered is not delivered
  CHECK(callers.deliveries()[4]->status() == PIGEON_OK);
}

TEST_CASE("an MDA that throws has delivered what it answered before, and nothing else") {
  Stage stage;
  Gate gate;
  int batches = 0;
  stage.mda.on_deliver = [&](std::span<Delivery> batch) {
    if (++batches == 1) gate.pass();
    batch[0].answer(Stored{.where = "here"});
    if (batches == 2) throw std::runtime_error("oh");
  };
  Callers callers(*stage.store);
  callers.call();
  gate.wait_for_arrival();
  callers.call_many(2);
  gate.open();
  callers.join();
  CHECK(callers.deliveries()[0]->status() == PIGEON_OK);
  CHECK(callers.deliveries()[1]->status() == PIGEON_OK);
  CHECK(callers.deliveries()[2]->status() == PIGEON_BUG);
  CHECK(callers.deliveries()[2]->failure().may_have_happened);
}

TEST_CASE("one MDA does not wait for another") {
  Stage stage;
  Gate gate;
  stage.mda.on_deliver = [&](std::span<Delivery> batch) {
    gate.pass();
    for (const auto& each : batch) each.answer(Stored{.where = "slow"});
  };
  Callers callers(*stage.store);
  const auto& slow = callers.call();
  gate.wait_for_arrival();
  const FakeDelivery fast(mailbox, "id", "body");
  stage.store->store("mda-other", fast.lent());
  CHECK(fast.status() == PIGEON_OK);
  CHECK(slow.status() == PIGEON_BUG);
  gate.open();
  callers.join();
  CHECK(slow.status() == PIGEON_OK);
}

TEST_CASE("two MDAs are at work at once") {
  Stage stage;
  Gate gate;
  const auto deliver = [&](std::span<Delivery> batch) {
    gate.pass();
    for (const auto& each : batch) each.answer(Stored{.where = "here"});
  };
  stage.mda.on_deliver = deliver;
  stage.other_mda.on_deliver = deliver;
  Callers callers(*stage.store);
  const auto& one = callers.call("mda-lent");
  const auto& other = callers.call("mda-other");
  gate.wait_for_arrival(2);
  gate.open();
  callers.join();
  CHECK(one.status() == PIGEON_OK);
  CHECK(other.status() == PIGEON_OK);
}

TEST_CASE("an MDA that is not there is told to each caller, and is trouble of ours") {
  Stage stage;
  for (int i = 0; i < 2; ++i) {
    const FakeDelivery delivery(mailbox, "id", "body");
    stage.store->store("mda-none", delivery.lent());
    CHECK(delivery.status() == PIGEON_MISCONFIGURED);
    CHECK(delivery.failure().detail.find("there is no such plugin") != std::string::npos);
  }
}

TEST_CASE("an instance is used by one thread at a time, and every delivery is answered once") {
  Stage stage;
  std::atomic<int> inside = 0;
  std::atomic<int> answered = 0;
  bool overlapped = false;
  std::multiset<std::string> seen;
  stage.mda.on_deliver = [&](std::span<Delivery> batch) {
    if (inside.fetch_add(1) != 0) overlapped = true;
    for (const auto& each : batch) {
      seen.insert(each.id());
      each.answer(Stored{.where = "here"});
      ++answered;
    }
    --inside;
  };
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&stage, thread] {
      for (int i = 0; i < kEach; ++i) {
        const FakeDelivery delivery(mailbox, std::to_string(thread) + "x" + std::to_string(i), "body");
        stage.store->store(i % 7 == 0 ? "mda-other" : "mda-lent", delivery.lent());
        if (delivery.status() != PIGEON_OK) std::abort();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(overlapped);
  CHECK(seen.size() == static_cast<std::size_t>(answered));
  CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
}
