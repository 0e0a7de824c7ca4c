// SPDX-License-Identifier: MIT
#include "batch.hpp"

#include "fields.hpp"
#include "folder.hpp"
#include "parts.hpp"
#include "reading.hpp"

#include <mailbox-rules/limits.hpp>

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <utility>

namespace sql_mailbox {
namespace {

using pigeon::Stored;

// No queue keeps a message for longer: five days by default in Postfix and OpenSMTPD, four in Exim. An id is
// kept for two to three weeks.
constexpr std::int64_t kWeeksKept = 2;
// A mailbox that is full may have been emptied by a reader who does not note it; counting takes its time.
constexpr std::int64_t kCountedLately = 900;

Failure too_late(const Item& item) {
  return pigeon::failure(PIGEON_TIMEOUT, "deliver into " + item.place.shown + ": the time is over");
}

}  // namespace

Result<Item> Item::of(const pigeon::Delivery& delivery, Place place) {
  Item item{.delivery = &delivery, .place = std::move(place), .key = delivery.id(), .outcome = {}};
  if (!delivery.id_is_unique()) item.key += "-" + PIGEON_TRY(pigeon::random_token());
  return item;
}

void Item::answer(Result<Stored> met) const {
  if (!met && may_be_stored) {
    auto& failure = met.failure();
    failure.may_have_happened = true;
    if (PIGEON_STATUS_RANGE(failure.status) != PIGEON_TEMPORARY) failure.status = PIGEON_UNAVAILABLE;
  }
  delivery->answer(met);
}

Done Batch::attempt(const std::vector<Item*>& items) {
  std::map<std::string, std::vector<Item*>> mailboxes;
  for (auto* item : items) {
    item->outcome.reset();
    mailboxes[item->place.name].push_back(item);
  }
  is_alone_ = items.size() == 1;
  is_one_mailbox_ = mailboxes.size() == 1;
  has_changed_ = false;
  if (is_alone_ && may_be_short(*items.front()) && PIGEON_TRY(store_shortly(*items.front()))) return {};
  auto transaction = PIGEON_TRY(Transaction::begin(connection_, Transaction::For::series));
  for (const auto& [name, own] : mailboxes) PIGEON_TRY(deliver_to(own));
  if (!has_changed_) return {};
  auto committed = transaction.commit();
  if (!committed && committed.failure().may_have_happened) {
    for (auto* item : items) item->may_be_stored |= item->outcome && *item->outcome;
  }
  return committed;
}

Done Batch::deliver_to(const std::vector<Item*>& items) {
  Held held;
  held.is_copied_to =
      std::any_of(items.begin(), items.end(), [](const auto* item) { return item->delivery->is_moved(); });
  const auto hold_it = [&] { return hold(*items.front(), held); };
  if (is_one_mailbox_) {
    PIGEON_TRY(hold_it());
  } else if (const auto failed = PIGEON_TRY(apart("mailbox", hold_it))) {
    for (auto* item : items) item->outcome = *failed;
    return {};
  }
  if (!is_alone_ && options_.most_together > 0 && !options_.indexes_fields)
    PIGEON_TRY(store_together(held, items));
  else if (!is_alone_)
    PIGEON_TRY(store_all(held, items));
  for (auto* item : items) {
    if (!item->outcome) PIGEON_TRY(is_alone_ ? store(held, *item) : store_apart(held, *item));
  }
  return held.has_changed ? finish(held) : Done();
}

Done Batch::hold(const Item& item, Held& held) {
  const auto& delivery = *item.delivery;
  const auto folder = folder_name(delivery.folder()).value_or("");
  auto found = PIGEON_TRY(Mailboxes(connection_, dialect_).hold(item.place, folder));
  if (!found) return gone(item.place, delivery.allocation());
  held.row = std::move(found->row);
  if (found->folder) held.folders[folder] = {.id = found->folder->folder, .uidnext = found->folder->uidnext};
  return {};
}

// A savepoint copies every page that is changed behind it: so there is one for all, as long as nothing fails.
// What is large has one of its own: its time may be over while it is written, and then so is that of those
// who would be written once more.
Done Batch::store_all(Held& held, const std::vector<Item*>& items) {
  Held planned = held;
  const auto failed = PIGEON_TRY(apart("deliveries", [&]() -> Done {
    for (auto* item : items) {
      const bool is_large = item->delivery->message().size() > options_.largest_part;
      PIGEON_TRY(is_large ? store_apart(planned, *item) : store(planned, *item));
    }
    return {};
  }));
  if (!failed) {
    held = std::move(planned);
  } else {
    // Each by itself will tell which of them it was.
    for (auto* item : items) item->outcome.reset();
  }
  return {};
}

Done Batch::store_apart(Held& held, Item& item) {
  const auto failed = PIGEON_TRY(apart("delivery", [&] { return store(held, item); }));
  if (!failed) return {};
  item.outcome = *failed;
  // A folder that it made is gone with it.
  std::erase_if(held.folders, [](const auto& each) { return !each.second.has_new; });
  return {};
}

Done Batch::store(Held& held, Item& item) {
  // Two allocations may name one mailbox; it is one's.
  PIGEON_TRY(Mailboxes::check_open(held.row, item.place, item.delivery->allocation()));
  if (item.delivery->deadline().passed()) {
    item.outcome = too_late(item);
    return {};
  }
  auto chosen = PIGEON_TRY(choose_folder(held, *item.delivery, false));
  if (chosen.folder == nullptr || no_room(held, item)) {
    // What was delivered is not refused now, and makes no folder.
    if (PIGEON_TRY(was_delivered(held, item))) return repeat(held, item);
    if (auto refused = PIGEON_TRY(check_quota(held, item))) {
      item.outcome = *std::move(refused);
      return {};
    }
    chosen = PIGEON_TRY(choose_folder(held, *item.delivery, true));
  }
  if (!PIGEON_TRY(enter(held, *chosen.folder, item))) return repeat(held, item);
  PIGEON_TRY(write(held, *chosen.folder, item));
  note(held, chosen, item);
  return {};
}

// That it can be seen does not mean that it is durable yet: a server may show it before. What is written
// after it, and is durable, says that it is, too.
Done Batch::repeat(Held& held, Item& item) {
  ++held.repeats;
  held.has_changed = true;
  if (item.delivery->is_moved()) PIGEON_TRY(renew(held, item));
  item.outcome = Stored{.where = item.place.shown,
                        .already_there = !item.may_be_stored || item.delivery->id_is_unique()};
  return {};
}

void Batch::note(Held& held, const Chosen& chosen, Item& item) {
  held.row.bytes += static_cast<std::int64_t>(item.delivery->message().size());
  ++held.row.messages;
  held.has_changed = true;
  chosen.folder->has_new = true;
  item.outcome = Stored{.where = item.place.shown + (chosen.name.empty() ? "" : " " + chosen.name) +
                                 ", UID " + std::to_string(chosen.folder->uidnext++),
                        .already_there = false,
                        .no_such_folder = chosen.is_another};
}

Result<bool> Batch::was_delivered(const Held& held, const Item& item) {
  auto* statement = PIGEON_TRY(connection_.prepare("SELECT 1 FROM deliveries WHERE mailbox = ? AND id = ?"));
  const bool found = PIGEON_TRY(statement->with(held.row.mailbox, std::string_view(item.key)).step());
  statement->reset();
  return found;
}

// As if it were stored now. Its row is written once a week at most, however often it is brought.
Done Batch::renew(const Held& held, const Item& item) {
  auto* statement = PIGEON_TRY(
      connection_.prepare("UPDATE deliveries SET week = ? WHERE mailbox = ? AND id = ? AND week < ?"));
  PIGEON_TRY(statement->with(this_week(), held.row.mailbox, std::string_view(item.key), this_week()).run());
  return {};
}

// No folder is a reason to refuse mail: what cannot go where it was wanted goes into the main folder.
Result<Batch::Chosen> Batch::choose_folder(Held& held, const pigeon::Delivery& delivery, bool makes) {
  if (auto wanted = folder_name(delivery.folder())) {
    const bool would_make =
        wanted->empty() || delivery.is_moved() || delivery.preferences().is_true("createFolders");
    auto* folder = PIGEON_TRY(find_folder(held, *wanted, makes && would_make));
    if (folder != nullptr || would_make) return Chosen{.folder = folder, .name = *std::move(wanted)};
  }
  return Chosen{.folder = PIGEON_TRY(find_folder(held, "", makes)), .name = {}, .is_another = true};
}

Result<Batch::Folder*> Batch::find_folder(Held& held, const std::string& name, bool makes) {
  if (const auto known = held.folders.find(name); known != held.folders.end()) return &known->second;
  auto* statement =
      PIGEON_TRY(connection_.prepare("SELECT folder, uidnext FROM folders WHERE mailbox = ? AND name = ?"));
  if (PIGEON_TRY(statement->with(held.row.mailbox, std::string_view(name)).step())) {
    const Folder folder{.id = statement->integer(0), .uidnext = statement->integer(1)};
    statement->reset();
    return &(held.folders[name] = folder);
  }
  if (!makes) return static_cast<Folder*>(nullptr);
  auto* insert = PIGEON_TRY(
      connection_.prepare("INSERT INTO folders (mailbox, name, uidvalidity, uidnext) VALUES (?, ?, ?, 1)"));
  PIGEON_TRY(insert->with(held.row.mailbox, std::string_view(name), seconds_now()).run());
  return &(held.folders[name] = Folder{.id = PIGEON_TRY(connection_.last_id())});
}

std::optional<Failure> Batch::no_room(const Held& held, const Item& item) {
  if (item.delivery->is_moved()) return std::nullopt;
  const auto limits = mailbox_rules::Limits::of(item.delivery->preferences());
  if (!limits.are_exceeded(usage_of(held.row), item.delivery->message().size())) return std::nullopt;
  return limits.failure(item.place.shown);
}

Result<std::optional<Failure>> Batch::check_quota(Held& held, const Item& item) {
  auto refused = no_room(held, item);
  if (!refused || seconds_now() - held.row.counted <= kCountedLately) return refused;
  // In this transaction there may be more than was noted, and it is counted with it.
  PIGEON_TRY(Reading(connection_, dialect_, item.place).count(held.row));
  held.has_changed = true;
  return no_room(held, item);
}

Result<bool> Batch::enter(Held& held, const Folder& folder, const Item& item) {
  if (held.ledger == nullptr) held.ledger = PIGEON_TRY(connection_.prepare(enter_into_ledger(dialect_)));
  held.ledger->with(held.row.mailbox, std::string_view(item.key), this_week(), folder.id, folder.uidnext);
  return PIGEON_TRY(held.ledger->run()) == 1;
}

Done Batch::write(Held& held, const Folder& folder, const Item& item) {
  const auto& delivery = *item.delivery;
  const auto message = delivery.message();
  if (held.records == nullptr)
    held.records = PIGEON_TRY(connection_.prepare(insert_into_messages(item.place, 1)));
  auto* record = held.records;
  const auto received = delivery.is_moved() ? delivery.received() : seconds_now();
  const auto id = delivery.id_is_unique() ? delivery.id() : std::string();
  auto bytes = static_cast<std::int64_t>(message.size());
  auto wire_bytes = static_cast<std::int64_t>(wire_size(message));
  auto marks = static_cast<std::int64_t>(delivery.marks());
  Parts parts(message, options_.largest_part);
  std::string begin;
  std::int64_t number = 0;
  while (const auto part = parts.next()) {
    if (number > 0 && delivery.deadline().passed()) return too_late(item);
    if (number == 0 && options_.indexes_fields) begin = *part;
    PIGEON_TRY(record
                   ->with(folder.id, folder.uidnext, number, received, bytes, wire_bytes, marks,
                          std::string_view(number == 0 ? id : ""), sql_database::Bytes{*part})
                   .run());
    // What the message is, its first part says.
    bytes = wire_bytes = marks = 0;
    ++number;
  }
  record->reset();
  if (!options_.indexes_fields) return {};
  // Whatever that meets, the message stays.
  PIGEON_TRY(apart("field", [&] { return index(folder.id, folder.uidnext, begin); }));
  return {};
}

Done Batch::index(std::int64_t folder, std::int64_t uid, std::string_view begin) {
  auto* insert = PIGEON_TRY(
      connection_.prepare("INSERT INTO fields (folder, uid, number, field, value) VALUES (?, ?, ?, ?, ?)"));
  std::int64_t number = 0;
  for (const auto& [name, value] : fields_of(begin)) {
    PIGEON_TRY(insert->with(folder, uid, number++, std::string_view(name), sql_database::Bytes{value}).run());
  }
  insert->reset();
  return {};
}

Done Batch::finish(Held& held) {
  auto forgotten = held.row.forgotten;
  if (forgotten < this_week() && !held.is_copied_to) {
    const auto forget = [&]() -> Done {
      auto* old = PIGEON_TRY(connection_.prepare(std::string(dialect_.forget)));
      const auto count = PIGEON_TRY(old->with(held.row.mailbox, this_week() - kWeeksKept).run());
      if (count < kMostForgotten) forgotten = this_week();
      return {};
    };
    PIGEON_TRY(apart("forget", forget));
  }
  auto* counter = PIGEON_TRY(connection_.prepare("UPDATE folders SET uidnext = ? WHERE folder = ?"));
  for (const auto& [name, folder] : held.folders) {
    if (folder.has_new) PIGEON_TRY(counter->with(folder.uidnext, folder.id).run());
  }
  auto* sums = PIGEON_TRY(connection_.prepare(
      "UPDATE mailboxes SET bytes = ?, messages = ?, counted = ?, forgotten = ?, repeats = repeats + ? "
      "WHERE mailbox = ?"));
  PIGEON_TRY(sums->with(held.row.bytes, held.row.messages, held.row.counted, forgotten, held.repeats,
                        held.row.mailbox)
                 .run());
  has_changed_ = true;
  return {};
}

}  // namespace sql_mailbox
