// SPDX-License-Identifier: MIT
//
// Deliveries per second by one call of an MDA's `deliver` after another, each with a batch for one mailbox;
// and, in the same rounds, by the bare writes and flushes that its format needs. What makes the messages, and
// hands them over, is not in the time.
//
//   bench-store CONFIGURATION MDA LIMIT PLACE SECONDS KIBIBYTES ROUNDS BATCH...
//
// LIMIT and PLACE: see store.hpp. The MDA is configured in CONFIGURATION. A line of the output is one
// measurement: "limit" or "mda", the messages in a batch, and the rate.
#include "bench/store.hpp"

#include "host/configuration.hpp"
#include "host/log.hpp"
#include "host/plugins.hpp"

#include <pigeon/sdk/time.hpp>
#include <pigeon/testing/fake_delivery.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace pigeon;
using namespace pigeon::host;

using Seconds = std::chrono::duration<double>;
constexpr auto kPatience = std::chrono::seconds(60);

template <typename T>
T checked(Result<T> result) {
  if (!result) bench::die(result.failure().detail);
  return *std::move(result);
}

// An MDA as the host calls it, and one mailbox of it.
class Store {
 public:
  Store(Plugins& plugins, const std::string& name, std::string body)
      : mda_(checked(plugins.open(PIGEON_KIND_MDA, name))), body_(std::move(body)) {
    if (auto done = mda_->initialize({}, Deadline::in(kPatience)); !done) bench::die(done.failure().detail);
    const pigeon_principal alice = {sizeof alice, 0, borrow("example.com"), borrow("alice")};
    const pigeon_attribute_sink sink = {sizeof sink, 0, &allocation_.attributes,
                                        [](void* context, pigeon_string key, pigeon_string value) noexcept {
                                          static_cast<Attributes*>(context)->add(view(key), view(value));
                                        }};
    auto error = blank_error();
    if (operations().propose(mda_->instance(), &alice, nullptr, 0, &sink, &error) != PIGEON_OK)
      bench::die(copy(error, PIGEON_BUG).detail);
    const LentAllocation lent(allocation_);
    const auto soon = Deadline::in(kPatience).value();
    if (operations().ensure(mda_->instance(), &lent.get(), soon, &error) != PIGEON_OK)
      bench::die(copy(error, PIGEON_BUG).detail);
  }

  // No message is like another one, nor is its id.
  Seconds deliver(std::size_t messages) {
    std::vector<std::unique_ptr<testing::FakeDelivery>> batch;
    std::vector<const pigeon_delivery*> lent;
    for (std::size_t i = 0; i < messages; ++i) {
      const auto number = std::to_string(next_++);
      auto body = body_;
      body.replace(body.size() - 1 - number.size(), number.size(), number);
      batch.push_back(std::make_unique<testing::FakeDelivery>(allocation_, "bench" + number, std::move(body),
                                                              "", Attributes{}));
      lent.push_back(&batch.back()->lent());
    }
    const auto begin = Clock::now();
    operations().deliver(mda_->instance(), lent.data(), lent.size());
    const Seconds taken = Clock::now() - begin;
    for (const auto& each : batch) {
      if (each->status() != PIGEON_OK) bench::die(each->failure().detail);
      if (each->was_there()) bench::die("a delivery was taken for an earlier one");
    }
    return taken;
  }

 private:
  [[nodiscard]] pigeon_mda operations() const { return mda_->operations<pigeon_mda>(); }

  Opened* mda_;
  std::string body_;
  Allocation allocation_{.id = "bench", .attributes = {}, .principal = {"example.com", "alice"}};
  std::size_t next_ = 0;
};

// Stores so many messages, and answers what that took.
using Timed = std::function<Seconds(std::size_t messages)>;

Timed timed(bench::Bare store) {
  return [store = std::move(store)](std::size_t messages) -> Seconds {
    const auto begin = Clock::now();
    store(messages);
    return Clock::now() - begin;
  };
}

double rate_of(const Timed& store, std::size_t messages, Seconds time) {
  ::sync();  // nobody pays for what another one has left
  store(messages);
  std::size_t count = 0;
  Seconds taken{0};
  for (; taken < time; count += messages) taken += store(messages);
  return static_cast<double>(count) / taken.count();
}

bench::Bare limit_of(const std::string& name, const std::string& place, const std::string& message) {
  if (name == "maildir") return bench::bare_maildir(place, message);
  if (name == "mbox") return bench::bare_mbox(place, message);
  if (name == "sqlite") return bench::bare_sqlite(place, message);
#ifdef BENCH_MYSQL
  if (name == "sql") return bench::bare_sql(place, message);
#endif
  bench::die("there is no limit " + name);
}

}  // namespace

namespace pigeon::bench {

void die(const std::string& why) {
  std::cerr << "bench-store: " << why << '\n';
  std::exit(EXIT_FAILURE);
}

}  // namespace pigeon::bench

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + count);
  if (words.size() < 9)
    bench::die("usage: bench-store CONFIGURATION MDA LIMIT PLACE SECONDS KIBIBYTES ROUNDS BATCH...");
  const loader::Trust trust(words[1].substr(0, words[1].rfind('/')));
  Log log("bench-store");
  const auto configuration = checked(Configuration::read(words[1], {}, trust));
  log.configure(configuration.log);
  const auto plugins = checked(Plugins::of(configuration, trust, log));
  // As a message has it: fields, and lines of text.
  std::string body = "From: bob@example.org\nTo: alice@example.com\nSubject: bench\n\n";
  while (body.size() < std::stoul(words[6]) * 1024) body += std::string(71, 'x') + "\n";

  Store store(*plugins, words[2], body);
  const auto limit = timed(limit_of(words[3], words[4], "Return-Path: <>\n" + body));
  const Seconds time(std::stod(words[5]));
  for (auto round = std::stoul(words[7]); round > 0; --round) {
    for (std::size_t at = 8; at < words.size(); ++at) {
      const auto messages = std::stoul(words[at]);
      const Timed deliver = [&](std::size_t each) { return store.deliver(each); };
      // By turns first: what is in the caches of the first helps neither more often.
      for (const bool is_ours : {round % 2 == 0, round % 2 != 0}) {
        const auto rate = rate_of(is_ours ? deliver : limit, messages, time);
        std::cout << (is_ours ? "mda " : "limit ") << messages << ' ' << rate << std::endl;
      }
    }
  }
  return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
}
