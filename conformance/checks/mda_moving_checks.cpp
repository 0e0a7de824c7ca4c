// SPDX-License-Identifier: MIT
//
// Level 2 of an MDA: what moving a mailbox to another format, and a quota, rely on.
#include "conformance/check.hpp"
#include "conformance/mailbox.hpp"
#include "conformance/other_process.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kRead = "pigeon/abi/mda.h, read";
constexpr const char* kRetire = "pigeon/abi/mda.h, retire";
constexpr const char* kUsage = "pigeon/abi/mda.h, usage";
constexpr const char* kMoved = "pigeon/abi/mda.h, PIGEON_DELIVERY_IS_MOVED";
const Principal alice = {"example.com", "alice"};

bool is_temporary(const Receipt& receipt) {
  const auto range = PIGEON_STATUS_RANGE(receipt.status);
  return range == PIGEON_TEMPORARY || range == PIGEON_BUG;
}

// Each message of the mailbox, as it is read back.
Result<std::multiset<std::string>> all_texts(Mailbox& mailbox) {
  std::multiset<std::string> texts;
  for (const auto& entry : PIGEON_TRY(mailbox.list())) texts.insert(PIGEON_TRY(mailbox.read(entry)));
  return texts;
}

Finding reads_what_was_delivered(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  const auto mda = instance->operations<pigeon_mda>();
  if (mda.list == nullptr || mda.read == nullptr)
    return Finding::skipped("it does not claim to list and read");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const std::string header = "Subject: x\n\n";
  std::vector<std::string> texts = {"",
                                    "no line end",
                                    header,
                                    header + "From here\n>From there\n>>From nowhere\n\nFrom \n",
                                    header + "a\r\nb\rc\n\r\n",
                                    header + std::string("nul\0and\0", 8),
                                    header + ".\n..\n.\n",
                                    header + "\n\n\n\n",
                                    "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n" + header,
                                    header + std::string(100'000, 'x'),
                                    trial.random_text(3U << 20U)};
  std::multiset<std::string> expected;
  for (std::size_t index = 0; index < texts.size(); ++index) {
    const Parcel parcel = {.id = "d" + std::to_string(index), .text = texts[index]};
    const auto receipt = mailbox.deliver(parcel);
    PIGEON_EXPECT(receipt.is_stored(), "delivered a message", "success", told(receipt));
    expected.insert(parcel.prefix + parcel.text);
  }
  const auto entries = PIGEON_EXPECT_OK(mailbox.list(), "listed the mailbox");
  std::multiset<std::string> found;
  for (const auto& entry : entries) {
    const auto text = PIGEON_EXPECT_OK(mailbox.read(entry), "read a message that was listed");
    PIGEON_EXPECT(entry.bytes == text.size(), "compared what the list says of a message with what is read",
                  std::to_string(text.size()) + " bytes", std::to_string(entry.bytes));
    found.insert(text);
  }
  for (const auto& text : expected) {
    PIGEON_EXPECT(found.count(text) == expected.count(text),
                  "read back what was delivered, beginning '" + printable(text.substr(0, 60)) + "', of " +
                      std::to_string(text.size()) + " bytes",
                  "the same bytes, once", std::to_string(found.count(text)) + " times");
  }
  PIGEON_EXPECT(found.size() == expected.size(), "read the whole mailbox",
                std::to_string(expected.size()) + " messages", std::to_string(found.size()));
  const auto gone = mailbox.read({.folder = entries[0].folder, .name = "no-such-message"});
  PIGEON_EXPECT(!gone && gone.failure().status == PIGEON_NOT_THERE, "read a message that is not there",
                "PIGEON_NOT_THERE", gone ? "success" : gone.failure().detail);
  return Finding::passed();
}

// What the processes of a round have to do with each other.
struct Round {
  std::atomic<int> begun = 0;
  std::atomic<bool> is_listed = false;
  std::atomic<bool> is_over = false;
};

// Delivers until it is told to stop, and counts what was stored.
int keep_delivering(Trial& trial, const Allocation& allocation, const std::string& name, Round& round) {
  const auto instance = trial.open();
  if (!instance) return EXIT_FAILURE;
  Mailbox mailbox(trial, **instance);
  mailbox.use(allocation);
  const std::string text(20'000, 'x');
  for (int number = 0; !round.is_over; ++number) {
    const auto receipt = mailbox.deliver(
        {.id = name + "n" + std::to_string(number), .text = name + std::to_string(number) + text});
    if (!receipt.is_stored() && !is_temporary(receipt)) return EXIT_FAILURE;
    ++round.begun;
  }
  return EXIT_SUCCESS;
}

Result<std::size_t> count_of(Trial& trial, const Allocation& allocation) {
  const auto instance = PIGEON_TRY(trial.open());
  Mailbox mailbox(trial, *instance);
  mailbox.use(allocation);
  return PIGEON_TRY(mailbox.list()).size();
}

// One round: processes deliver, the mailbox is retired under way, and what it holds then is all.
Finding retires_under_way(Trial& trial, const Allocation& allocation, int number) {
  constexpr int kWriters = 4;
  constexpr int kMessagesBefore = 12;
  const Shared<Round> round;
  std::vector<OtherProcess> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    const auto name = "r" + std::to_string(number) + "w" + std::to_string(writer);
    writers.emplace_back([&, name] { return keep_delivering(trial, allocation, name, *round); });
  }
  const auto deadline = Deadline::in(std::chrono::seconds(20));
  while (round->begun < kMessagesBefore && !deadline.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // All of them fall asleep wherever they are, mostly amid a delivery, and wake once the mailbox was retired
  // and listed: or, where they are waited for as they should be, after a while.
  auto waker = put_to_sleep(writers, round->is_listed, std::chrono::milliseconds(300));
  std::size_t when_retired = 0;
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
    Mailbox mailbox(trial, *instance);
    mailbox.use(allocation);
    PIGEON_EXPECT_OK(mailbox.retire(), "retired a mailbox that processes deliver to");
    when_retired = PIGEON_EXPECT_OK(mailbox.list(), "listed the retired mailbox").size();
    round->is_listed = true;
  }
  waker.wait_until(deadline);
  const int seen = round->begun;
  while (round->begun < seen + 2 * kWriters && !deadline.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  round->is_over = true;
  for (auto& writer : writers) {
    PIGEON_EXPECT(writer.wait_until(deadline) == EXIT_SUCCESS, "delivered to a mailbox that is being retired",
                  "success, or temporary failures", "something else, or no end");
  }
  const auto later = PIGEON_EXPECT_OK(count_of(trial, allocation), "listed the retired mailbox again");
  PIGEON_EXPECT(later == when_retired,
                "retired a mailbox while " + std::to_string(kWriters) +
                    " processes delivered to it, and listed it at once and after they had ended",
                std::to_string(when_retired) + " messages", std::to_string(later));
  return Finding::passed();
}

Finding retires(Trial& trial) {
  Allocation allocation;
  std::multiset<std::string> before;
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
    const auto mda = instance->operations<pigeon_mda>();
    if (mda.list == nullptr || mda.read == nullptr || mda.retire == nullptr || mda.adopt == nullptr)
      return Finding::skipped("it does not claim to list, read, retire and adopt");
    Mailbox mailbox(trial, *instance);
    PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
    allocation = mailbox.allocation();
    const auto first = mailbox.deliver({.id = "d1", .text = trial.random_text(64)});
    PIGEON_EXPECT(first.is_stored(), "delivered a message", "success", told(first));
    before = PIGEON_EXPECT_OK(all_texts(mailbox), "read the mailbox");
    for (const auto* what : {"retired the mailbox", "retired it again"}) {
      PIGEON_EXPECT_OK(mailbox.retire(), what);
    }
    const auto late = mailbox.deliver({.id = "d2", .text = trial.random_text(64)});
    PIGEON_EXPECT(is_temporary(late), "delivered to a retired mailbox", "a temporary failure", told(late));
    PIGEON_EXPECT(!mailbox.ensure(allocation), "ensured a retired mailbox", "a failure", "success");
    const auto after = PIGEON_EXPECT_OK(all_texts(mailbox), "read a retired mailbox");
    PIGEON_EXPECT(after == before, "read a retired mailbox", "what it held before",
                  std::to_string(after.size()) + " messages");
    PIGEON_EXPECT_OK(mailbox.adopt(), "adopted the retired mailbox");
    const auto taken = mailbox.deliver({.id = "d2", .text = trial.random_text(64)});
    PIGEON_EXPECT(taken.is_stored(), "delivered to a mailbox that was adopted back", "success", told(taken));
    PIGEON_EXPECT(PIGEON_EXPECT_OK(mailbox.list(), "listed it").size() == 2,
                  "listed a mailbox that was adopted back", "what it held, and the new message",
                  "something else");
  }
  constexpr int kRounds = 4;
  for (int number = 0; number < kRounds; ++number) {
    if (auto found = retires_under_way(trial, allocation, number); found.status != Finding::Status::passed) {
      return found;
    }
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
    Mailbox mailbox(trial, *instance);
    mailbox.use(allocation);
    PIGEON_EXPECT_OK(mailbox.adopt(), "adopted the retired mailbox");
  }
  return Finding::passed();
}

Finding tells_its_usage(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  if (instance->operations<pigeon_mda>().usage == nullptr)
    return Finding::skipped("it does not claim to tell its usage");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  if (mailbox.knows_preference("quotaMessages")) mailbox.prefer({{"quotaMessages", {"1000"}}});
  constexpr std::size_t kSize = 1000;
  for (std::size_t count = 0; count < 4; ++count) {
    for (const bool recount : {false, true}) {
      const std::string how = std::string(recount ? "counted" : "asked for") +
                              " the usage of a mailbox with " + std::to_string(count) +
                              " messages of a thousand bytes and a prefix";
      const auto usage = PIGEON_EXPECT_OK(mailbox.usage(recount), how);
      PIGEON_EXPECT(usage.messages == count, how, std::to_string(count) + " messages",
                    std::to_string(usage.messages));
      // How a format counts a line end, or what it stores beside, is its own business.
      PIGEON_EXPECT(usage.bytes >= count * kSize && usage.bytes <= count * 2 * kSize, how,
                    "so many bytes, or a little more", std::to_string(usage.bytes));
      PIGEON_EXPECT(!mailbox.knows_preference("quotaMessages") || usage.messages_limit == 1000, how,
                    "the limit that is preferred, 1000", std::to_string(usage.messages_limit));
    }
    const auto receipt =
        mailbox.deliver({.id = "d" + std::to_string(count), .text = trial.random_text(kSize)});
    PIGEON_EXPECT(receipt.is_stored(), "delivered a message", "success", told(receipt));
  }
  return Finding::passed();
}

Finding stores_what_is_moved(Trial& trial) {
  constexpr std::int64_t kThen = 1'000'000'000;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  const auto mda = instance->operations<pigeon_mda>();
  if (hands_over(*instance)) return Finding::skipped("another server keeps the mailboxes");
  if (mda.list == nullptr || mda.read == nullptr)
    return Finding::skipped("it does not claim to list and read");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  // Full from the beginning.
  if (mailbox.knows_preference("quotaMessages")) mailbox.prefer({{"quotaMessages", {"1"}}});
  struct Sent {
    std::int64_t received = 0;
    std::uint32_t marks = 0;
    std::string folder = {};
  };
  std::map<std::string, Sent> sent;
  std::int64_t number = 0;
  for (const std::uint32_t marks :
       {0U, PIGEON_MARK_SEEN, PIGEON_MARK_SEEN | PIGEON_MARK_ANSWERED, PIGEON_MARK_FLAGGED,
        PIGEON_MARK_SEEN | PIGEON_MARK_DELETED, PIGEON_MARK_DRAFT, UINT32_C(0x1f)}) {
    const auto text = "Subject: " + std::to_string(++number) + "\n\n" + trial.random_text(64);
    const Parcel parcel = {.id = "m" + std::to_string(number),
                           .text = text,
                           .folder = number % 3 == 0 ? "Archive" : "",
                           .prefix = "",
                           .is_moved = true,
                           .received = kThen + number * 86'400,
                           .marks = marks};
    const auto receipt = mailbox.deliver(parcel);
    PIGEON_EXPECT(receipt.is_stored(), "delivered a message that is moved, past the quota", "success",
                  told(receipt));
    const bool has_folder = (receipt.flags & PIGEON_RECEIPT_NO_SUCH_FOLDER) == 0;
    sent[text] = {parcel.received, marks, has_folder ? parcel.folder : ""};
    const auto again = mailbox.deliver(parcel);
    PIGEON_EXPECT(again.is_stored() && again.was_there(), "delivered it again", "that it was there already",
                  told(again));
  }
  const auto entries = PIGEON_EXPECT_OK(mailbox.list(), "listed the mailbox");
  PIGEON_EXPECT(entries.size() == sent.size(), "listed messages that were moved",
                std::to_string(sent.size()) + " of them", std::to_string(entries.size()));
  for (const auto& entry : entries) {
    const auto text = PIGEON_EXPECT_OK(mailbox.read(entry), "read a message that was moved");
    const auto found = sent.find(text);
    PIGEON_EXPECT(found != sent.end(), "read a message that was moved", "what was delivered",
                  "'" + printable(text.substr(0, 60)) + "'");
    const auto& [received, marks, folder] = found->second;
    PIGEON_EXPECT(entry.received == received, "looked when a message that was moved had been received",
                  std::to_string(received), std::to_string(entry.received));
    PIGEON_EXPECT(entry.marks == marks, "looked at the marks of a message that was moved",
                  std::to_string(marks), std::to_string(entry.marks));
    PIGEON_EXPECT(folder.empty() || entry.folder == folder,
                  "looked at the folder of a message that was moved", folder, printable(entry.folder));
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MDA-13", Weight::must, 2, PIGEON_KIND_MDA,
          "What is read back is what was delivered, byte for byte",
          "delivers what formats are tempted to change, and reads it", kRead, reads_what_was_delivered},
    Check{"MDA-14", Weight::must, 2, PIGEON_KIND_MDA,
          "A retired mailbox takes nothing and is still read; whoever delivers meanwhile is waited for",
          "retires a mailbox, also while four processes deliver, and adopts it back", kRetire, retires, 120},
    Check{"MDA-15", Weight::must, 2, PIGEON_KIND_MDA, "The usage is what the mailbox holds, counted or noted",
          "asks for it after each of four messages", kUsage, tells_its_usage},
    Check{"MDA-16", Weight::must, 2, PIGEON_KIND_MDA,
          "A message that is moved keeps its date and marks, and meets no quota",
          "delivers such messages past a quota of one", kMoved, stores_what_is_moved},
};

}  // namespace

std::span<const Check> mda_moving_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
