// SPDX-License-Identifier: MIT
#include "batch.hpp"

#include "folder.hpp"
#include "from_line.hpp"
#include "quota.hpp"

#include <mailbox-rules/files.hpp>

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <chrono>
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

// How long the others of a batch wait for a mailbox that somebody has locked: first, and in the end.
constexpr std::chrono::milliseconds kTurn{20};
constexpr std::chrono::seconds kOthersWait{5};

pigeon::Deadline earlier(pigeon::Deadline one, pigeon::Deadline other) {
  return one.value() < other.value() ? one : other;
}

}  // namespace

Done settle(Mailbox& mailbox, const Rules& rules, pigeon::Deadline deadline) {
  Ledger ledger;
  PIGEON_TRY(ledger.read(mailbox.own()));
  return each_file(mailbox,
                   [&](const Directory& directory, const std::string& name, State& state,
                       const std::string& file) -> Done {
                     if (!state.has_intent()) return {};
                     auto spool = PIGEON_TRY(Spool::open(directory, name, state, rules.locks, deadline));
                     if (!spool) return {};
                     PIGEON_TRY(spool->recover(rules.quoting, ledger, file, deadline));
                     PIGEON_TRY(ledger.save(mailbox.own()));
                     return spool->end_append();
                   });
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

// The first one to come: what is stored together is one append.
pigeon::Deadline Batch::earliest(const Items& items) {
  auto deadline = items.front()->delivery->deadline();
  for (const auto* item : items) deadline = earlier(deadline, item->delivery->deadline());
  return deadline;
}

void Batch::deliver(std::span<pigeon::Delivery> deliveries) {
  std::vector<Item> all;
  all.reserve(deliveries.size());
  std::map<std::string, Items> by_mailbox;
  std::vector<pigeon::Delivery> again;
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& delivery : deliveries) {
    // The same message for the same mailbox twice: the second one finds the first, once that is done.
    if (delivery.id_is_unique() && !seen.emplace(delivery.allocation().id, delivery.id()).second) {
      again.push_back(delivery);
    } else if (delivery.deadline().passed()) {
      delivery.answer(pigeon::failure(PIGEON_TIMEOUT, "deliver " + delivery.id() + ": the time is up"));
    } else {
      by_mailbox[delivery.allocation().id].push_back(&all.emplace_back(delivery));
    }
  }
  deliver_to_all(by_mailbox);
  if (!again.empty()) deliver(again);
}

// A mailbox that somebody has locked keeps the others of the batch waiting for a little while, and no longer.
void Batch::deliver_to_all(const std::map<std::string, Items>& by_mailbox) {
  const bool is_alone = by_mailbox.size() == 1;
  std::vector<const Items*> locked;
  for (const auto& [id, items] : by_mailbox) {
    const auto deadline = earliest(items);
    const auto until = is_alone ? deadline : earlier(deadline, pigeon::Deadline::in(kTurn));
    if (!deliver_to_one(items, until, is_alone)) locked.push_back(&items);
  }
  const auto until = pigeon::Deadline::in(kOthersWait);
  for (const auto* items : locked) deliver_to_one(*items, earlier(earliest(*items), until), true);
}

// False: somebody has it locked, and some are not answered. If that is final, all are.
bool Batch::deliver_to_one(const Items& items, pigeon::Deadline until, bool is_final) {
  const auto& allocation = items.front()->delivery->allocation();
  auto mailbox = Mailbox::open(base_, allocation, until);
  if (!mailbox) return end_in(items, mailbox.failure(), is_final);
  auto& ledger = ledgers_.of(allocation.id);
  ledger.forget_unsaved();
  if (const auto read = ledger.read(mailbox->own()); !read) return end_in(items, read.failure(), true);
  Items known;
  std::map<std::string, Items> by_file;
  for (auto* item : items) {
    if (item->is_answered) continue;
    if (item->delivery->id_is_unique() && ledger.has(item->delivery->id())) {
      known.push_back(item);
    } else if (const auto chosen = choose_folder(*mailbox, *item); !chosen) {
      fail({item}, chosen.failure());
    } else {
      by_file[item->file].push_back(item);
    }
  }
  answer_known(*mailbox, ledger, known);
  bool is_done = true;
  for (const auto& [file, its] : by_file) {
    const auto done = deliver_to_file(*mailbox, ledger, file, its, until);
    if (!done && !end_in(its, done.failure(), is_final)) is_done = false;
    ledger.forget_unsaved();
  }
  return is_done;
}

// Stored before, wherever it is now.
void Batch::answer_known(const Mailbox& mailbox, Ledger& ledger, const Items& items) {
  for (const auto* item : items) {
    if (item->delivery->is_moved()) ledger.renew(item->delivery->id());
  }
  if (const auto saved = ledger.save(mailbox.own()); !saved) return fail(items, saved.failure());
  if (const auto done = ledger.forget_old(mailbox.own(), Ledger::Forget::repeated); !done)
    host_.warning("after a delivery to " + mailbox.name() + ": " + done.failure().detail);
  for (auto* item : items) {
    item->is_answered = true;
    item->delivery->answer(
        pigeon::Stored{.where = mailbox.directory().below(mailbox.name()), .already_there = true});
  }
}

// Answers, unless there is a next time.
bool Batch::end_in(const Items& items, const pigeon::Failure& failure, bool is_final) {
  if (!is_final && failure.status == PIGEON_BUSY) return false;
  fail(items, failure);
  return true;
}

// No folder is a reason to refuse mail: what cannot go where it was wanted goes into the mbox itself.
Done Batch::choose_folder(const Mailbox& mailbox, Item& item) const {
  const auto& delivery = *item.delivery;
  const auto wanted = folder_file(delivery.folder());
  if (wanted && wanted->empty()) return {};
  item.no_such_folder = !wanted;
  if (!wanted) return {};
  const auto files = PIGEON_TRY(mailbox.folder_files());
  const auto find = [&](auto&& is_it) { return std::find_if(files.begin(), files.end(), is_it); };
  auto found = find([&](const std::string& file) { return file == *wanted; });
  // Another program may have made it, in its own spelling.
  if (found == files.end())
    found = find([&](const std::string& file) { return folder_name(file) == folder_name(*wanted); });
  if (found != files.end()) {
    item.file = *found;
  } else if (delivery.is_moved() || delivery.preferences().is_true("createFolders")) {
    PIGEON_TRY(mailbox.make_folder(*wanted));
    item.file = *wanted;
  } else {
    item.no_such_folder = true;
  }
  return {};
}

Done Batch::deliver_to_file(Mailbox& mailbox, Ledger& ledger, const std::string& file, const Items& items,
                            pigeon::Deadline until) {
  std::optional<Directory> folders;
  std::optional<State> state;
  if (!file.empty()) {
    folders = PIGEON_TRY(mailbox.directory_of(file));
    if (!folders) {
      return mailbox_rules::gone(mailbox.directory().below(mailbox.name()) + " with folder " + file,
                                 items.front()->delivery->allocation());
    }
    state = PIGEON_TRY(folder_state(mailbox, file));
  }
  const auto& directory = folders ? *folders : mailbox.directory();
  const auto name = file.empty() ? mailbox.name() : Mailbox::name_of(file);
  auto spool =
      PIGEON_TRY(Spool::open(directory, name, state ? *state : mailbox.state(), rules_.locks, until));
  if (!spool) return mailbox_rules::gone(directory.below(name), items.front()->delivery->allocation());
  PIGEON_TRY(spool->recover(rules_.quoting, ledger, file, earliest(items)));
  PIGEON_TRY(ledger.save(mailbox.own()));
  return append(mailbox, ledger, *spool, file, items);
}

Result<bool> Batch::was_there(Ledger& ledger, const Spool& spool, Item& item) const {
  const bool is_unique = item.delivery->id_is_unique();
  if (is_unique && ledger.has(item.delivery->id())) return true;
  if (!ledger.has_found()) return false;
  const auto hash = item.message.hash();
  const auto claim = ledger.can_claim(hash, is_unique);
  if (claim == Ledger::Claim::none) return false;
  // It may be another message that was as this one is, and that somebody has read and removed.
  if (claim == Ledger::Claim::others &&
      !PIGEON_TRY(spool.holds(hash, rules_.quoting, item.delivery->deadline())))
    return false;
  ledger.claim(hash);
  return true;
}

Done Batch::append(Mailbox& mailbox, Ledger& ledger, Spool& spool, const std::string& file,
                   const Items& items) {
  Items there;
  Items fresh;
  pigeon::Usage usage;
  bool is_counted = false;
  for (auto* item : items) {
    if (PIGEON_TRY(was_there(ledger, spool, *item))) {
      there.push_back(item);
      continue;
    }
    const auto limits = Limits::of(item->delivery->preferences());
    if (limits.is_set() && !item->delivery->is_moved()) {
      if (!is_counted) {
        usage = PIGEON_TRY(usage_of(mailbox, rules_.quoting, rules_.locks, &spool, file,
                                    limits.messages().has_value(), false, item->delivery->deadline()));
      }
      is_counted = true;
      const auto size = item->delivery->message().size();
      if (limits.are_exceeded(usage, size)) {
        fail({item}, limits.failure(mailbox.directory().below(mailbox.name())));
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
    return spool.append(letters, rules_.quoting, [&] {
      std::vector<Ledger::Intent> intents;
      for (auto* item : some) {
        if (item->delivery->id_is_unique()) intents.push_back({item->delivery->id(), item->message.hash()});
      }
      return ledger.intend(mailbox.own(), intents);
    });
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
  bool is_moved = false;
  const auto account = [&]() -> Done {
    PIGEON_TRY(ledger.save(mailbox.own()));
    PIGEON_TRY(spool.end_append());
    return ledger.forget_old(mailbox.own(), is_moved ? Ledger::Forget::repeated : Ledger::Forget::everything);
  };
  for (const auto* items : {&there, &fresh}) {
    for (auto* item : *items) {
      is_moved = is_moved || item->delivery->is_moved();
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
