// SPDX-License-Identifier: MIT
//
// Level 3 of an MDA: many that deliver to one mailbox at once.
#include "conformance/check.hpp"
#include "conformance/mailbox.hpp"
#include "conformance/trial.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kDeliver = "pigeon/abi/mda.h, deliver";
const Principal alice = {"example.com", "alice"};

Finding each_is_there_once(const Mailbox& mailbox, const std::vector<std::string>& texts) {
  const auto copies = mailbox.copies(texts);
  for (std::size_t index = 0; index < texts.size(); ++index) {
    PIGEON_EXPECT(copies[index] == 1, "looked for message " + texts[index], "once",
                  std::to_string(copies[index]) + " times");
  }
  return Finding::passed();
}

// In a child: opens an instance of its own, and delivers messages of this writer.
int deliver_as(Trial& trial, const Allocation& allocation, int writer, int messages) {
  const auto instance = trial.open();
  if (!instance) return EXIT_FAILURE;
  Mailbox mailbox(trial, **instance);
  mailbox.use(allocation);
  for (int number = 0; number < messages; ++number) {
    const auto id = "w" + std::to_string(writer) + "n" + std::to_string(number);
    const auto receipt = mailbox.deliver({.id = id, .text = "<" + id + ">" + std::to_string(trial.seed())});
    if (!receipt.is_stored()) return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

Finding serves_many_at_once(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  constexpr int kWriters = 8;
  constexpr int kMessages = 20;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  for (int writer = 0; writer < kWriters; ++writer) {
    const pid_t child = ::fork();
    PIGEON_EXPECT(child >= 0, "started a process", "one", strerrordesc_np(errno));
    if (child == 0) ::_exit(deliver_as(trial, mailbox.allocation(), writer, kMessages));
  }
  int failed = 0;
  for (int status = 0; ::wait(&status) > 0;) failed += status == 0 ? 0 : 1;
  PIGEON_EXPECT(failed == 0, "delivered from " + std::to_string(kWriters) + " processes at once",
                "success in all", std::to_string(failed) + " failed");
  std::vector<std::string> texts;
  for (int writer = 0; writer < kWriters; ++writer) {
    for (int number = 0; number < kMessages; ++number) {
      texts.push_back("<w" + std::to_string(writer) + "n" + std::to_string(number) + ">" +
                      std::to_string(trial.seed()));
    }
  }
  return each_is_there_once(mailbox, texts);
}

Finding serves_threads(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  constexpr int kThreads = 8;
  constexpr int kMessages = 10;
  const auto first = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *first);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  std::vector<std::unique_ptr<Instance>> instances;
  for (int index = 0; index < kThreads; ++index) {
    instances.push_back(PIGEON_EXPECT_OK(trial.open(), "opened an instance for each thread"));
  }
  std::vector<int> stored(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t index = 0; index < kThreads; ++index) {
      threads.emplace_back([&, index] {
        Mailbox own(trial, *instances[index]);
        own.use(mailbox.allocation());
        for (int number = 0; number < kMessages; ++number) {
          const auto id = "t" + std::to_string(index) + "n" + std::to_string(number);
          stored[index] +=
              own.deliver({.id = id, .text = "<" + id + ">" + std::to_string(trial.seed())}).is_stored() ? 1
                                                                                                         : 0;
        }
      });
    }
  }
  std::vector<std::string> texts;
  for (std::size_t index = 0; index < kThreads; ++index) {
    PIGEON_EXPECT(stored[index] == kMessages,
                  "delivered from " + std::to_string(kThreads) + " threads, each with an instance of its own",
                  "all stored", std::to_string(stored[index]) + " of " + std::to_string(kMessages));
    for (int number = 0; number < kMessages; ++number) {
      texts.push_back("<t" + std::to_string(index) + "n" + std::to_string(number) + ">" +
                      std::to_string(trial.seed()));
    }
  }
  return each_is_there_once(mailbox, texts);
}

constexpr std::array kChecks = {
    Check{"MDA-27", Weight::must, 3, PIGEON_KIND_MDA,
          "Processes that deliver to one mailbox at once lose and double nothing",
          "delivers from eight processes", kDeliver, serves_many_at_once, 60},
    Check{"MDA-28", Weight::must, 3, PIGEON_KIND_MDA,
          "Threads with an instance each, that deliver to one mailbox, lose and double nothing",
          "delivers from eight threads", kDeliver, serves_threads, 60},
};

}  // namespace

std::span<const Check> mda_race_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
