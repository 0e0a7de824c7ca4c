// SPDX-License-Identifier: MIT
#include "host/store.hpp"

#include "host/supervisor.hpp"

#include <pigeon/sdk/plugin.hpp>

#include <algorithm>

namespace pigeon::host {

Result<Store::Queue*> Store::queue_of(std::string_view mda) {
  const std::lock_guard lock(mutex_);
  if (const auto found = queues_.find(mda); found != queues_.end()) return &found->second;
  auto* opened = PIGEON_TRY(plugins_.open(PIGEON_KIND_MDA, mda));
  Queue& queue = queues_[std::string(mda)];
  queue.mda = opened;
  return &queue;
}

void Store::store(std::string_view mda, const pigeon_delivery& delivery) {
  const auto found = queue_of(mda);
  if (!found) {
    delivery.receipt->status = report(found.failure(), delivery.receipt->error);
    return;
  }
  Queue& queue = **found;
  Waiting own{&delivery};
  std::unique_lock lock(queue.mutex);
  queue.waiting.push_back(&own);
  while (!own.done) {
    if (queue.has_leader) {
      queue.changed.wait(lock);
    } else {
      lead(queue, lock);
    }
  }
}

std::size_t Store::waiting(std::string_view mda) {
  const auto found = queue_of(mda);
  if (!found) return 0;
  const std::lock_guard lock((*found)->mutex);
  return (*found)->waiting.size();
}

// Delivers one batch: what is waiting now, oldest first. Whoever comes while it is made durable waits for the
// next.
void Store::lead(Queue& queue, std::unique_lock<std::mutex>& lock) {
  queue.has_leader = true;
  const auto count = std::min(kLargestBatch, queue.waiting.size());
  const auto end = queue.waiting.begin() + static_cast<std::ptrdiff_t>(count);
  const std::vector<Waiting*> batch(queue.waiting.begin(), end);
  queue.waiting.erase(queue.waiting.begin(), end);
  lock.unlock();

  std::vector<const pigeon_delivery*> deliveries;
  for (const auto* each : batch) deliveries.push_back(each->delivery);
  {
    const InPlugin mark(queue.mda->name(), "deliver");
    queue.mda->operations<pigeon_mda>().deliver(queue.mda->instance(), deliveries.data(), deliveries.size());
  }

  lock.lock();
  for (auto* each : batch) each->done = true;
  queue.has_leader = false;
  queue.changed.notify_all();
}

}  // namespace pigeon::host
