// SPDX-License-Identifier: MIT
#include "batch.hpp"

#include "folder.hpp"
#include "from_line.hpp"
#include "quota.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <ctime>
#include <set>

namespace mda_mbox {
namespace {

std::string from_line_of(const pigeon::Delivery& delivery, const Outgoing& message) {
  const auto envelope = delivery.envelope();
  const bool is_moved = delivery.is_moved();
  const auto sender = is_moved && envelope.sender().empty() ? message.return_path() : envelope.sender();
  const bool has_time = is_moved && delivery.received() != 0;
  return from_line(sender, has_time ? delivery.received() : std::time(nullptr));
}

// The first one to come: the batch is one append.
pigeon::Deadline earliest(std::span<const pigeon::Delivery*> deliveries) {
  auto deadline = deliveries.front()->deadline();
  for (const auto* each : deliveries) {
    if (each->deadline().value() < deadline.value()) deadline = each->deadline();
  }
  return deadline;
}

}  // namespace

Ledger& Ledgers::of(const std::string& id) {
  constexpr std::size_t kMost = 64;
  constexpr std::size_t kMostKnown = 1'000'000;
  std::size_t known = 0;
  for (const auto& [mailbox, ledger] : ledgers_) known += ledger.size();
  if ((ledgers_.size() >= kMost || known > kMostKnown) && !ledgers_.contains(id)) ledgers_.clear();
  return ledgers_[id];
}

Batch::Item::Item(const pigeon::Delivery& its_delivery)
    : delivery(&its_delivery), message(its_delivery.message(), its_delivery.marks()) {}

void Batch::fail(const Items& items, const pigeon::Failure& failure) {
  for (auto* item : items) {
    if (item->is_answered) continue;
    item->delivery->answer(failure);
    item->is_answered = true;
  }
}

void Batch::deliver(std::span<pigeon::Delivery> deliveries) {
  std::map<std::string, std::vector<const pigeon::Delivery*>> by_mailbox;
  std::vector<pigeon::Delivery> again;
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& delivery : deliveries) {
    // The same message for the same mailbox twice: the second one finds the first, once that is done.
    if (delivery.id_is_unique() && !seen.emplace(delivery.allocation().id, delivery.id()).second) {
      again.push_back(delivery);
    } else if (delivery.deadline().passed()) {
      delivery.answer(pigeon::failure(PIGEON_TIMEOUT, "deliver " + delivery.id() + ": the time is up"));
    } else {
      by_mailbox[delivery.allocation().id].push_back(&delivery);
    }
  }
  for (auto& [id, its] : by_mailbox) deliver_to_one(its);
  if (!again.empty()) deliver(again);
}

void Batch::deliver_to_one(std::span<const pigeon::Delivery*> deliveries) {
  std::vector<Item> all;
  all.reserve(deliveries.size());
  for (const auto* delivery : deliveries) all.emplace_back(*delivery);
  Items items;
  for (auto& item : all) items.push_back(&item);
  const auto& allocation = deliveries.front()->allocation();
  auto mailbox = Mailbox::open(base_, allocation, earliest(deliveries));
  if (!mailbox) return fail(items, mailbox.failure());
  auto& ledger = ledgers_.of(allocation.id);
  if (const auto read = ledger.read(mailbox->own()); !read) return fail(items, read.failure());
  std::map<std::string, Items> by_file;
  for (auto* item : items) {
    if (item->delivery->id_is_unique() && ledger.has(item->delivery->id())) {
      item->is_answered = true;
      item->delivery->answer(
          pigeon::Stored{.where = mailbox->directory().below(mailbox->name()), .already_there = true});
    } else if (const auto chosen = choose_folder(*mailbox, *item); !chosen) {
      fail({item}, chosen.failure());
    } else {
      by_file[item->file].push_back(item);
    }
  }
  for (const auto& [file, its] : by_file) deliver_to_file(*mailbox, ledger, file, its);
}

// No folder is a reason to refuse mail: what cannot go where it was wanted goes into the mbox itself.
Done Batch::choose_folder(const Mailbox& mailbox, Item& item) const {
  const auto& delivery = *item.delivery;
  const auto wanted = folder_file(delivery.folder());
  if (wanted && wanted->empty()) return {};
  const auto folders = PIGEON_TRY(mailbox.folders());
  const auto is_there = [&]() -> Result<bool> {
    if (!wanted || !folders) return false;
    const auto files = PIGEON_TRY(Mailbox::folder_files(*folders));
    return std::find(files.begin(), files.end(), *wanted) != files.end();
  };
  const bool may_be_made = delivery.is_moved() || delivery.preferences().is_true("createFolders");
  const bool found = PIGEON_TRY(is_there());
  if (!found && wanted && may_be_made) PIGEON_TRY(mailbox.make_folder(*wanted));
  item.no_such_folder = !wanted || (!found && !may_be_made);
  if (!item.no_such_folder) item.file = *wanted;
  return {};
}

void Batch::deliver_to_file(Mailbox& mailbox, Ledger& ledger, const std::string& file, const Items& items) {
  std::vector<const pigeon::Delivery*> deliveries;
  for (const auto* item : items) deliveries.push_back(item->delivery);
  const auto deadline = earliest(deliveries);
  const auto work = [&]() -> Done {
    std::optional<Directory> folders;
    std::optional<State> state;
    if (!file.empty()) {
      folders = PIGEON_TRY(mailbox.folders());
      state = PIGEON_TRY(folder_state(mailbox, file));
    }
    const auto& directory = folders ? *folders : mailbox.directory();
    const auto& name = file.empty() ? mailbox.name() : file;
    auto spool =
        PIGEON_TRY(Spool::open(directory, name, state ? *state : mailbox.state(), rules_.locks, deadline));
    if (!spool) return gone(directory.below(name), items.front()->delivery->allocation());
    PIGEON_TRY(spool->recover(rules_.quoting, ledger, file, deadline));
    return append(mailbox, ledger, *spool, file, items);
  };
  if (const auto done = work(); !done) fail(items, done.failure());
  ledger.forget_unsaved();
}

bool Batch::was_there(Ledger& ledger, Item& item) {
  const bool is_unique = item.delivery->id_is_unique();
  if (!ledger.has_found() || !ledger.can_claim(item.message.hash(), is_unique)) return false;
  ledger.claim(item.message.hash());
  return true;
}

Done Batch::append(Mailbox& mailbox, Ledger& ledger, Spool& spool, const std::string& file,
                   const Items& items) {
  Items there;
  Items fresh;
  pigeon::Usage usage;
  bool is_counted = false;
  for (auto* item : items) {
    if (was_there(ledger, *item)) {
      there.push_back(item);
      continue;
    }
    const Quota quota(item->delivery->preferences());
    if (quota.is_set() && !item->delivery->is_moved()) {
      if (!is_counted) {
        usage = PIGEON_TRY(Quota::usage(mailbox, rules_.quoting, rules_.locks, &spool, file,
                                        quota.counts_messages(), false, item->delivery->deadline()));
      }
      is_counted = true;
      const auto size = item->delivery->message().size();
      if (quota.exceeds(usage, size)) {
        fail({item}, quota.failure(mailbox));
        continue;
      }
      usage.bytes += size;
      ++usage.messages;
    }
    fresh.push_back(item);
  }
  // What an attempt has left that was not answered may not have been flushed.
  if (!there.empty()) PIGEON_TRY(spool.flush());
  const auto store = [&](const Items& some) -> Done {
    std::vector<Letter> letters;
    for (auto* item : some) letters.push_back({from_line_of(*item->delivery, item->message), &item->message});
    return spool.append(letters, rules_.quoting);
  };
  auto stored = fresh.empty() ? Done() : store(fresh);
  if (!stored && fresh.size() > 1 && !stored.failure().may_have_happened) {
    Items alone;
    stored = {};
    for (auto* item : fresh) {
      // Behind something that could not be cut off, nothing is stored.
      auto one = stored || !stored.failure().may_have_happened ? store({item}) : std::move(stored);
      if (one) alone.push_back(item);
      if (!one) fail({item}, one.failure());
      stored = std::move(one);
    }
    fresh = std::move(alone);
  } else if (!stored) {
    fail(fresh, stored.failure());
    fresh.clear();
  }
  end(mailbox, ledger, spool, file, there, fresh);
  return {};
}

// The messages are durable, whatever happens now. What the ledger does not know, the next delivery finds
// behind the size that it knows.
void Batch::end(const Mailbox& mailbox, Ledger& ledger, Spool& spool, const std::string& file,
                const Items& there, const Items& fresh) {
  const auto account = [&]() -> Done {
    PIGEON_TRY(ledger.save(mailbox.own()));
    return spool.end_append();
  };
  for (const auto* items : {&there, &fresh}) {
    for (auto* item : *items) {
      if (item->delivery->id_is_unique()) ledger.stored(item->delivery->id(), item->message.hash());
    }
  }
  // What stands there and may never reach the disk, nobody is to take for a message that was stored.
  const bool has_news = !there.empty() || !fresh.empty() || spool.has_unflushed();
  if (has_news) ledger.know(file, spool.size());
  if (const auto done = has_news ? account() : Done(); !done)
    host_.warning("after a delivery to " + spool.shown() + ": " + done.failure().detail);
  for (const auto* items : {&there, &fresh}) {
    for (auto* item : *items) {
      item->is_answered = true;
      item->delivery->answer(pigeon::Stored{
          .where = spool.shown(), .already_there = items == &there, .no_such_folder = item->no_such_folder});
    }
  }
}

}  // namespace mda_mbox
