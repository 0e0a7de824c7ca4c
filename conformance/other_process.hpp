// SPDX-License-Identifier: MIT
//
// Bad company: processes that use the plugin at the same time, are stopped, and are killed.
#pragma once

#include <pigeon/sdk/time.hpp>

#include <sys/types.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <new>
#include <utility>
#include <vector>

namespace pigeon::conformance {

// A child that runs the body and ends with the status that it returns. Dies with its parent, or when this is
// destroyed. Nothing may be open in the parent that the plugin cannot carry over a fork: no instance.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<int()>& body);
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  OtherProcess(OtherProcess&& other) noexcept : process_(std::exchange(other.process_, -1)) {}
  OtherProcess& operator=(OtherProcess&&) = delete;
  ~OtherProcess();

  void send(int signal) const;
  // Stopped, and seen to be.
  void stop() const;
  // Waits until it ends. Its exit status; -1 if a signal ended it, or if the deadline passed: then it is
  // dead.
  int wait_until(Deadline deadline);

 private:
  pid_t process_ = -1;
};

// All at once; the number of those that did not end with 0.
int run_together(int count, const std::function<int(int index)>& body, Deadline deadline);

// Puts all of them to sleep, wherever they are. What this returns wakes them once it is said to be over, or
// after a while: whoever did what they sleep through may have to wait for one of them. REQUIRES: they, and
// what is shared, outlive it.
OtherProcess put_to_sleep(const std::vector<OtherProcess>& processes, const std::atomic<bool>& is_over,
                          nanoseconds longest);

// One T, zeroed, that a process shares with those it forks.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t size);
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  SharedMemory(SharedMemory&&) = delete;
  SharedMemory& operator=(SharedMemory&&) = delete;
  ~SharedMemory();
  [[nodiscard]] void* get() const { return memory_; }

 private:
  std::size_t size_;
  void* memory_;
};

template <typename T>
class Shared {
 public:
  Shared() : memory_(sizeof(T)), value_(new (memory_.get()) T()) {}
  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  SharedMemory memory_;
  T* value_;
};

}  // namespace pigeon::conformance
