// SPDX-License-Identifier: MIT
//
// Level 2 of an MDA: the contract of propose, ensure and deliver, in good times.
#include "conformance/check.hpp"
#include "conformance/mailbox.hpp"
#include "conformance/snapshot.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMda = "pigeon/abi/mda.h";
constexpr const char* kDeliver = "pigeon/abi/mda.h, deliver";
constexpr const char* kEnsure = "pigeon/abi/mda.h, ensure";
constexpr const char* kPropose = "pigeon/abi/mda.h, propose";
constexpr const char* kNotOurs = "another server keeps the mailboxes: none is stamped";
const Principal alice = {"example.com", "alice"};

std::string times(std::size_t count) {
  return count == 1 ? "once" : std::to_string(count) + " times";
}

bool is_temporary(const Receipt& receipt) {
  const auto range = PIGEON_STATUS_RANGE(receipt.status);
  return range == PIGEON_TEMPORARY || range == PIGEON_BUG;
}

Finding stores_every_byte(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  int number = 0;
  for (const std::size_t size : {16UL, 4095UL, 4096UL, 4097UL, 3UL << 20U}) {
    const auto text = trial.random_text(size);
    const auto receipt = mailbox.deliver({.id = "d" + std::to_string(++number), .text = text});
    PIGEON_EXPECT(receipt.is_stored(), "delivered " + std::to_string(size) + " random bytes", "success",
                  told(receipt));
    const auto copies = mailbox.copies(text);
    PIGEON_EXPECT(copies == 1, "looked for these " + std::to_string(size) + " bytes", "once", times(copies));
  }
  const auto nothing = mailbox.deliver({.id = "empty", .text = ""});
  PIGEON_EXPECT(nothing.is_stored(), "delivered an empty message", "success", told(nothing));
  return Finding::passed();
}

Finding proposes_without_touching(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  const auto before = snapshot_of(trial.directory());
  PIGEON_EXPECT_OK(mailbox.propose(alice), "proposed an allocation");
  const auto changed = difference(before, snapshot_of(trial.directory()));
  PIGEON_EXPECT(changed.empty(), "proposed an allocation", "nothing on disk changes", changed);
  return Finding::passed();
}

Finding proposes_apart(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  // Names that differ in what a careless encoding drops. The catch-all is a principal as well.
  const std::vector<std::string> names = {"",        "a",        "A",         "a-b", "a_b", "a=b",
                                          "a%b",     "a%25b",    "a+b",       "a b", "a.b", "ab",
                                          "unknown", "=unknown", "=61",       "*",   "a:b", "a'b",
                                          "a\"b",    "\xc3\xa4", "a\xcc\x88", "-",   "a,b", "a\\b"};
  std::map<std::string, std::string> seen;
  for (const auto* domain : {"example.com", "example.co"}) {
    for (const auto& name : names) {
      const auto proposed = mailbox.propose({domain, name});
      if (!proposed) continue;  // it may refuse a name; it must not mix it up with another
      std::string spelled;
      for (const auto& [attribute, values] : *proposed) spelled += attribute + "=" + join(values, ",") + ";";
      const auto address = name + "@" + domain;
      const auto [other, is_new] = seen.emplace(spelled, address);
      PIGEON_EXPECT(is_new,
                    "proposed for '" + printable(other->second) + "' and for '" + printable(address) + "'",
                    "two allocations", "twice " + printable(spelled));
    }
  }
  PIGEON_EXPECT(seen.size() >= 4, "proposed for " + std::to_string(2 * names.size()) + " principals",
                "allocations for the ordinary ones", std::to_string(seen.size()));
  return Finding::passed();
}

Finding ensures_again(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const auto text = trial.random_text(64);
  const auto receipt = mailbox.deliver({.id = "d1", .text = text});
  PIGEON_EXPECT(receipt.is_stored(), "delivered a message", "success", told(receipt));
  const auto before = snapshot_of(trial.directory());
  PIGEON_EXPECT_OK(mailbox.ensure(mailbox.allocation()), "ensured the mailbox again");
  const auto changed = difference(before, snapshot_of(trial.directory()));
  PIGEON_EXPECT(changed.empty(), "ensured the mailbox again", "nothing on disk changes", changed);
  return Finding::passed();
}

Finding stores_once(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const auto text = trial.random_text(64);
  const auto first = mailbox.deliver({.id = "d1", .text = text});
  const auto second = mailbox.deliver({.id = "d1", .text = text});
  PIGEON_EXPECT(first.is_stored() && second.is_stored(), "delivered twice with one unique id",
                "success both times", told(first) + "; " + told(second));
  PIGEON_EXPECT(!first.was_there() && second.was_there(), "read the flags of both receipts",
                "ALREADY_THERE in the second only", first.was_there() ? "it in the first" : "it in neither");
  const auto both = mailbox.deliver_all({{.id = "d2", .text = text + "2"}, {.id = "d2", .text = text + "2"}});
  PIGEON_EXPECT(both[0].is_stored() && both[1].is_stored(), "delivered twice with one unique id in one batch",
                "success both times", told(both[0]) + "; " + told(both[1]));
  PIGEON_EXPECT(mailbox.copies(text) == 2, "looked for the two messages on disk", "each once",
                times(mailbox.copies(text)) + " together");
  return Finding::passed();
}

Finding stores_equal_messages(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const auto text = trial.random_text(64);
  for (int round = 0; round < 3; ++round) {
    const auto receipt = mailbox.deliver({.id = "d1", .text = text, .is_unique = false});
    PIGEON_EXPECT(receipt.is_stored(), "delivered an equal message with an id that is not unique", "success",
                  told(receipt));
  }
  PIGEON_EXPECT(mailbox.copies(text) == 3, "delivered three equal messages whose id is not unique",
                "three on disk", std::to_string(mailbox.copies(text)));
  return Finding::passed();
}

Finding answers_every_delivery(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  std::vector<Parcel> parcels;
  for (int number = 0; number < 40; ++number) {
    parcels.push_back({.id = "d" + std::to_string(number), .text = trial.random_text(100)});
  }
  const auto receipts = mailbox.deliver_all(parcels);
  std::vector<std::string> texts;
  for (const auto& each : parcels) texts.push_back(each.text);
  const auto copies = mailbox.copies(texts);
  for (std::size_t index = 0; index < parcels.size(); ++index) {
    PIGEON_EXPECT(receipts[index].is_stored(), "delivered a batch of 40", "each stored",
                  "number " + std::to_string(index) + ": " + told(receipts[index]));
    PIGEON_EXPECT(copies[index] == 1, "looked for number " + std::to_string(index) + " of the batch", "once",
                  times(copies[index]));
  }
  return Finding::passed();
}

Finding refuses_foreign(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  if (hands_over(*instance)) return Finding::skipped(kNotOurs);
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  auto foreign = mailbox.allocation();
  foreign.id = "id2";
  const auto ensured = mailbox.ensure(foreign);
  PIGEON_EXPECT(!ensured, "ensured an allocation of another id in the same place", "a failure", "success");
  const auto before = snapshot_of(trial.directory());
  mailbox.use(foreign);
  const auto receipt = mailbox.deliver({.id = "d1", .text = trial.random_text(64)});
  PIGEON_EXPECT(is_temporary(receipt), "delivered under an id that the mailbox does not bear",
                "a temporary failure", told(receipt));
  const auto changed = difference(before, snapshot_of(trial.directory()));
  PIGEON_EXPECT(changed.empty(), "delivered under an id that the mailbox does not bear",
                "nothing on disk changes", changed);
  return Finding::passed();
}

Finding makes_nothing_anew(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  if (hands_over(*instance)) return Finding::skipped(kNotOurs);
  const auto empty = snapshot_of(trial.directory());
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  if (!mailbox.is_in_files()) return Finding::skipped("it keeps nothing in files");
  // Back to what it was before the mailbox, as if its file system had been lost; then to nothing at all.
  for (const auto& [path, text] : snapshot_of(trial.directory())) {
    if (!empty.contains(path)) fs::remove_all(fs::path(trial.directory()) / path);
  }
  const auto gone = mailbox.deliver({.id = "d1", .text = trial.random_text(64)});
  PIGEON_EXPECT(is_temporary(gone), "removed the mailbox, and delivered", "a temporary failure", told(gone));
  auto changed = difference(empty, snapshot_of(trial.directory()));
  PIGEON_EXPECT(changed.empty(), "removed the mailbox, and delivered", "that it is not made anew", changed);
  for (const auto& entry : fs::directory_iterator(trial.directory())) fs::remove_all(entry.path());
  const auto unmounted = mailbox.deliver({.id = "d2", .text = trial.random_text(64)});
  PIGEON_EXPECT(is_temporary(unmounted), "removed everything, and delivered", "a temporary failure",
                told(unmounted));
  const auto ensured = mailbox.ensure(mailbox.allocation());
  PIGEON_EXPECT(!ensured, "removed everything, and ensured", "a failure: the base is not marked", "success");
  changed = difference({}, snapshot_of(trial.directory()));
  PIGEON_EXPECT(changed.empty(), "removed everything, delivered and ensured", "that nothing is made",
                changed);
  return Finding::passed();
}

Finding claims_what_it_has(Trial& trial) {
  const auto* library = PIGEON_EXPECT_OK(trial.library(), "loaded the plugin");
  const auto mda = library->operations<pigeon_mda>();
  PIGEON_EXPECT(mda.propose != nullptr && mda.ensure != nullptr && mda.deliver != nullptr,
                "looked at the operations", "propose, ensure and deliver", "that one of them is missing");
  const auto agrees = [&](std::uint32_t flag, bool has) { return ((mda.capabilities & flag) != 0) == has; };
  PIGEON_EXPECT(
      agrees(PIGEON_MDA_LIST, mda.list != nullptr) && agrees(PIGEON_MDA_ADOPT, mda.adopt != nullptr) &&
          agrees(PIGEON_MDA_PURGE, mda.purge != nullptr) && agrees(PIGEON_MDA_READ, mda.read != nullptr) &&
          agrees(PIGEON_MDA_RETIRE, mda.retire != nullptr) && agrees(PIGEON_MDA_USAGE, mda.usage != nullptr),
      "compared the capabilities with the functions", "each set exactly if its function is there",
      "capabilities " + std::to_string(mda.capabilities));
  return Finding::passed();
}

Finding lists_what_it_holds(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  const auto mda = instance->operations<pigeon_mda>();
  if (mda.list == nullptr) return Finding::skipped("it does not claim to list");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  constexpr int kMessages = 7;
  for (int number = 0; number < kMessages; ++number) {
    const auto receipt = mailbox.deliver({.id = "d" + std::to_string(number), .text = trial.random_text(64)});
    PIGEON_EXPECT(receipt.is_stored(), "delivered a message", "success", told(receipt));
  }
  for (int most = 1; most <= kMessages + 1; ++most) {
    struct Taking {
      int seen;
      int most;
    } taking = {0, most};
    const pigeon_entry_sink sink = {sizeof sink, 0, &taking,
                                    [](void* context, const pigeon_entry* /*entry*/) noexcept {
                                      auto& taken = *static_cast<Taking*>(context);
                                      return ++taken.seen == taken.most ? 1U : 0U;
                                    }};
    const LentAllocation lent(mailbox.allocation());
    auto error = blank_error();
    const auto status =
        mda.list(instance->get(), &lent.get(), Deadline::in(std::chrono::seconds(20)).value(), &sink, &error);
    PIGEON_EXPECT(status == PIGEON_OK, "listed the mailbox", "success", copy(error, status).detail);
    PIGEON_EXPECT(
        taking.seen == std::min(most, kMessages),
        "listed " + std::to_string(kMessages) + " messages, and stopped after " + std::to_string(most),
        std::to_string(std::min(most, kMessages)) + " entries", std::to_string(taking.seen));
  }
  return Finding::passed();
}

Finding purges(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  const auto mda = instance->operations<pigeon_mda>();
  if (mda.purge == nullptr) return Finding::skipped("it does not claim to purge");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const auto text = trial.random_text(64);
  const auto receipt = mailbox.deliver({.id = "d1", .text = text});
  PIGEON_EXPECT(receipt.is_stored(), "delivered a message", "success", told(receipt));
  const LentAllocation lent(mailbox.allocation());
  for (int round = 0; round < 2; ++round) {
    auto error = blank_error();
    const auto status =
        mda.purge(instance->get(), &lent.get(), Deadline::in(std::chrono::seconds(20)).value(), &error);
    PIGEON_EXPECT(status == PIGEON_OK, round == 0 ? "purged the mailbox" : "purged it again", "success",
                  copy(error, status).detail);
  }
  PIGEON_EXPECT(mailbox.copies(text) == 0, "purged the mailbox", "that no message is left",
                times(mailbox.copies(text)));
  PIGEON_EXPECT_OK(mailbox.make(alice, "id2"), "made a new mailbox for the same principal");
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MDA-01", Weight::must, 2, PIGEON_KIND_MDA, "A message is stored byte for byte",
          "delivers messages of random bytes, of sizes around those of pages, and looks for them on disk",
          kMda, stores_every_byte},
    Check{"MDA-02", Weight::must, 2, PIGEON_KIND_MDA, "Proposing an allocation touches nothing",
          "compares what is on disk before and after", kPropose, proposes_without_touching},
    Check{"MDA-03", Weight::must, 2, PIGEON_KIND_MDA, "No two principals are proposed the same allocation",
          "proposes for names that careless encodings mix up, and for catch-alls", kPropose, proposes_apart},
    Check{"MDA-04", Weight::must, 2, PIGEON_KIND_MDA, "Ensuring a mailbox that is there changes nothing",
          "ensures twice, with a message between", kEnsure, ensures_again},
    Check{"MDA-05", Weight::must, 2, PIGEON_KIND_MDA,
          "A unique delivery id is stored once, and the second receipt says so",
          "delivers twice with one id, in two batches and in one", kDeliver, stores_once},
    Check{"MDA-06", Weight::must, 2, PIGEON_KIND_MDA,
          "Equal messages whose id is not unique are several messages",
          "delivers the same message three times", kDeliver, stores_equal_messages},
    Check{"MDA-07", Weight::must, 2, PIGEON_KIND_MDA, "Every delivery of a batch is stored and answered",
          "delivers a batch of 40", kDeliver, answers_every_delivery},
    Check{"MDA-08", Weight::must, 2, PIGEON_KIND_MDA,
          "A mailbox that bears another allocation's id is left alone",
          "ensures and delivers under another id in the same place", kMda, refuses_foreign},
    Check{"MDA-09", Weight::must, 2, PIGEON_KIND_MDA,
          "A mailbox that should be there and is not is temporary trouble, and is not made anew",
          "removes the mailbox, then everything, and delivers", kMda, makes_nothing_anew},
    Check{"MDA-10", Weight::must, 2, PIGEON_KIND_MDA,
          "A capability is claimed exactly if its function is there", "compares the two", kMda,
          claims_what_it_has},
    Check{"MDA-11", Weight::must, 2, PIGEON_KIND_MDA,
          "Listing shows every message once, and stops when it is told to",
          "lists seven messages, stopping after each number of them", kMda, lists_what_it_holds},
    Check{"MDA-12", Weight::must, 2, PIGEON_KIND_MDA,
          "Purging deletes all mail, can be repeated, and leaves room for a new mailbox",
          "purges twice, and makes a new mailbox in the same place", kMda, purges},
};

}  // namespace

std::span<const Check> mda_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
