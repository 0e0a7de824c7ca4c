// SPDX-License-Identifier: MIT
//
// Durable deliveries per second by several threads through the host's `store`, with mda-maildir loaded as the
// host loads it; and, in the same rounds, what the file system gives to a bare program that writes files in
// batches and flushes once for each batch.
//
//   bench-batch CONFIGURATION DIRECTORY SECONDS KIBIBYTES ROUNDS
//
// DIRECTORY is that of the bare files, beside the base of mda-maildir. A line of the output is one
// measurement:
//   bare FILES - RATE          files to a batch
//   store THREADS MAILBOXES RATE
#include "host/configuration.hpp"
#include "host/log.hpp"
#include "host/plugins.hpp"
#include "host/store.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/testing/fake_delivery.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace pigeon;
using namespace pigeon::host;

using Seconds = std::chrono::duration<double>;

constexpr const char* kMda = "mda-maildir";
constexpr std::size_t kMailboxes = 32;

[[noreturn]] void die(const std::string& why) {
  std::cerr << "bench-batch: " << why << '\n';
  std::exit(EXIT_FAILURE);
}

template <typename T>
T checked(Result<T> result) {
  if (!result) die(result.failure().detail);
  return *std::move(result);
}

void checked(const Done& done) {
  if (!done) die(done.failure().detail);
}

// Everything so far is durable, so that nobody pays for what another one has left.
void settle(const Directory& directory) {
  if (::syncfs(directory.fd()) != 0) die("flush " + directory.shown());
}

class Bench {
 public:
  Bench(Plugins& plugins, Directory directory, Seconds time, std::string body)
      : plugins_(plugins),
        store_(plugins),
        directory_(std::move(directory)),
        time_(time),
        body_(std::move(body)) {}

  void make_mailboxes() {
    auto* mda = checked(plugins_.open(PIGEON_KIND_MDA, kMda));
    checked(mda->initialize({}, Deadline::in(std::chrono::seconds(10))));
    for (std::size_t i = 0; i < kMailboxes; ++i) {
      const auto name = "user" + std::to_string(i);
      allocations_.push_back({name, {{"home", {name}}}, {"example.com", name}});
      auto error = blank_error();
      const LentAllocation lent(allocations_.back());
      const auto soon = Deadline::in(std::chrono::seconds(10));
      const auto status =
          mda->operations<pigeon_mda>().ensure(mda->instance(), &lent.get(), soon.value(), &error);
      if (status != PIGEON_OK) die(copy(error, status).detail);
    }
  }

  // Batches of files with one flush each.
  void bare(std::size_t files) {
    settle(directory_);
    const auto begin = Clock::now();
    std::size_t count = 0;
    while (Clock::now() - begin < time_) {
      for (std::size_t i = 0; i < files; ++i) {
        const auto name = "bare" + std::to_string(next_++);
        const auto file = checked(directory_.create_file(name));
        checked(write_all(*file, body_, name));
      }
      settle(directory_);
      count += files;
    }
    std::cout << "bare " << files << " - "
              << static_cast<double>(count) / Seconds(Clock::now() - begin).count() << '\n';
  }

  // Threads that store as fast as each call comes back.
  void store(std::size_t threads, std::size_t mailboxes) {
    settle(directory_);
    std::atomic<std::size_t> count = 0;
    const auto begin = Clock::now();
    {
      std::vector<std::jthread> running;
      for (std::size_t i = 0; i < threads; ++i) {
        running.emplace_back([&, i] {
          while (Clock::now() - begin < time_) {
            deliver(allocations_.at(i % mailboxes));
            ++count;
          }
        });
      }
    }
    const auto rate = static_cast<double>(count) / Seconds(Clock::now() - begin).count();
    std::cout << "store " << threads << ' ' << mailboxes << ' ' << rate << '\n';
  }

 private:
  void deliver(const Allocation& allocation) {
    const testing::FakeDelivery delivery(allocation, "bench" + std::to_string(next_++), body_);
    store_.store(kMda, delivery.lent());
    if (delivery.status() != PIGEON_OK) die(delivery.failure().detail);
    if (delivery.was_there()) die("a delivery was taken for an earlier one");
  }

  Plugins& plugins_;
  Store store_;
  Directory directory_;
  Seconds time_;
  std::string body_;
  std::vector<Allocation> allocations_;
  std::atomic<std::size_t> next_ = 0;  // so that no name comes twice
};

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + count);
  if (words.size() != 6) die("usage: bench-batch CONFIGURATION DIRECTORY SECONDS KIBIBYTES ROUNDS");
  const loader::Trust trust(words[2]);
  Log log("bench-batch");
  const auto configuration = checked(Configuration::read(words[1], {}, trust));
  log.configure(configuration.log);
  const auto plugins = checked(Plugins::of(configuration, trust, log));
  auto directory = checked(Directory::open(words[2]));
  if (!directory) die("there is no " + words[2]);
  const auto body = std::string(std::stoul(words[4]) * 1024 - 1, 'x') + "\n";

  Bench bench(*plugins, *std::move(directory), Seconds(std::stod(words[3])), body);
  bench.make_mailboxes();
  for (auto round = std::stoul(words[5]); round > 0; --round) {
    for (const std::size_t files : {1U, 32U}) bench.bare(files);
    for (const std::size_t threads : {1U, 8U, 32U}) {
      bench.store(threads, kMailboxes);
      if (threads > 1) bench.store(threads, 1);
    }
    std::cout.flush();
  }
  return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
}
