// SPDX-License-Identifier: MIT
//
// Level 3 of an MDA: a mailbox that is read while it is delivered to.
#include "conformance/check.hpp"
#include "conformance/error_form.hpp"
#include "conformance/mailbox.hpp"
#include "conformance/other_process.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kList = "pigeon/abi/mda.h, list and read";
constexpr int kWriters = 4;
constexpr int kMessages = 16;  // each
const Principal alice = {"example.com", "alice"};

struct Delivering {
  std::atomic<int> ended = 0;
  std::atomic<bool> are_seen = false;
  std::atomic<bool> is_wrong = false;
};

// Long enough that writing it takes its time; its last line says that it is whole.
std::string text_of(int writer, int number) {
  const auto name = std::to_string(writer) + "-" + std::to_string(number);
  return "Subject: " + name + "\n\n" + std::string(1'000'000, 'x') + "\nthe end of " + name + "\n";
}

// In a child: opens an instance of its own.
int deliver_as(Trial& trial, const Allocation& allocation, int writer, Delivering& all) {
  const auto instance = trial.open();
  if (!instance) return EXIT_FAILURE;
  Mailbox mailbox(trial, **instance);
  mailbox.use(allocation);
  for (int number = 0; number < kMessages; ++number) {
    const auto id = "w" + std::to_string(writer) + "n" + std::to_string(number);
    if (is_permanent(mailbox.deliver({.id = id, .text = text_of(writer, number)}).status))
      all.is_wrong = true;
  }
  ++all.ended;
  return EXIT_SUCCESS;
}

bool is_whole(const std::string& text) {
  constexpr std::string_view kSubject = "Subject: ";
  const auto begin = text.find(kSubject);
  if (begin == std::string::npos) return false;
  const auto name = text.substr(begin + kSubject.size(), text.find('\n', begin) - begin - kSubject.size());
  return text.ends_with("\nthe end of " + name + "\n");
}

// Every message that is listed can be read, whole, and is as long as the list says. Those that were seen are
// not read again.
Finding look(Trial& trial, const Allocation& allocation, std::set<std::string>& seen) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  mailbox.use(allocation);
  const auto entries = mailbox.list();
  if (!entries) {
    PIGEON_EXPECT(!is_permanent(entries.failure().status), "listed a mailbox while it was delivered to",
                  "success, or a temporary failure", entries.failure().detail);
    return Finding::passed();
  }
  for (const auto& entry : *entries) {
    if (seen.contains(entry.name)) continue;
    const auto text = mailbox.read(entry);
    const auto* const done = "listed a mailbox while it was delivered to, and read a message";
    if (!text) {
      PIGEON_EXPECT(!is_permanent(text.failure().status) && text.failure().status != PIGEON_NOT_THERE, done,
                    "the message, or a temporary failure", text.failure().detail);
      continue;
    }
    PIGEON_EXPECT(is_whole(*text) && text->size() == entry.bytes, done,
                  "a whole message of " + std::to_string(entry.bytes) + " bytes",
                  std::to_string(text->size()) + " bytes, ending '" +
                      text->substr(text->size() - std::min<std::size_t>(text->size(), 20)) + "'");
    seen.insert(entry.name);
  }
  return Finding::passed();
}

Finding shows_whole_messages(Trial& trial) {
  Allocation allocation;
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
    const auto mda = instance->operations<pigeon_mda>();
    if (mda.list == nullptr || mda.read == nullptr)
      return Finding::skipped("it does not claim to list and read");
    Mailbox mailbox(trial, *instance);
    PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
    allocation = mailbox.allocation();
  }
  const Shared<Delivering> all;
  std::vector<OtherProcess> writers;
  for (int writer = 0; writer < kWriters; ++writer)
    writers.emplace_back([&, writer] { return deliver_as(trial, allocation, writer, *all); });
  const auto deadline = Deadline::in(std::chrono::seconds(60));
  std::set<std::string> seen;
  while (all->ended < kWriters && !deadline.passed()) {
    all->are_seen = false;
    auto waker = put_to_sleep(writers, all->are_seen, std::chrono::milliseconds(100));
    auto finding = look(trial, allocation, seen);
    all->are_seen = true;
    if (finding.status != Finding::Status::passed) return finding;
    waker.wait_until(deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (auto& writer : writers) {
    PIGEON_EXPECT(writer.wait_until(deadline) == EXIT_SUCCESS && !all->is_wrong,
                  "delivered to a mailbox while it was read", "success, or temporary failures",
                  "something else, or no end");
  }
  auto finding = look(trial, allocation, seen);  // once more, when all is there
  if (finding.status != Finding::Status::passed) return finding;
  PIGEON_EXPECT(!seen.empty(), "listed and read a mailbox while it was delivered to", "messages", "none");
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MDA-31", Weight::must, 3, PIGEON_KIND_MDA,
          "Whoever lists and reads a mailbox that is delivered to sees whole messages only",
          "lists and reads while four processes deliver, each of them asleep somewhere", kList,
          shows_whole_messages, 90},
};

}  // namespace

std::span<const Check> mda_reading_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
