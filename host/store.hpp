// SPDX-License-Identifier: MIT
//
// The one way into a mailbox. A call blocks until its message is durable, or has failed; calls that wait for
// the same MDA at the same time are gathered, one of the callers leads, and the MDA makes the whole batch
// durable at once. One call alone is a batch of one and waits for nobody.
#pragma once

#include "host/plugins.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/text.hpp>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::host {

// Thread-safe. The process has one uid, so the MDA alone says what can share a flush.
class Store {
 public:
  static constexpr std::size_t kLargestBatch = 64;

  // `plugins` outlives this, and is used under a lock.
  explicit Store(Plugins& plugins) : plugins_(plugins) {}

  // Answers in delivery.receipt.
  void store(std::string_view mda, const pigeon_delivery& delivery);

  // How many calls wait for the next batch of this MDA.
  [[nodiscard]] std::size_t waiting(std::string_view mda);

 private:
  struct Waiting {
    const pigeon_delivery* delivery = nullptr;
    bool done = false;
  };
  // Everything that waits for one MDA. Guarded by `mutex`; the instance is used by whoever leads.
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Waiting*> waiting;
    bool has_leader = false;
    Opened* mda = nullptr;
  };

  Result<Queue*> queue_of(std::string_view mda);
  static void lead(Queue& queue, std::unique_lock<std::mutex>& lock);

  Plugins& plugins_;
  std::mutex mutex_;
  std::map<std::string, Queue, NameLess> queues_;
};

}  // namespace pigeon::host
