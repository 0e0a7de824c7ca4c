// SPDX-License-Identifier: MIT
//
// Small messages for one mailbox, by a statement for many: for a server, each statement is a round trip.
#include "batch.hpp"
#include "parts.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace sql_mailbox {
namespace {

// How many rows a statement has: few numbers, so that few statements are prepared.
constexpr std::array<std::size_t, 4> kTogether = {64, 16, 4, 2};
// What a row has beside the message: its numbers, its id, and its parameters' types and names.
constexpr std::size_t kBesides = 256;

// As many rows, or fewer.
std::optional<std::size_t> rows_within(std::size_t most) {
  const auto* count =
      std::find_if(kTogether.begin(), kTogether.end(), [&](auto each) { return each <= most; });
  return count == kTogether.end() ? std::nullopt : std::optional(*count);
}

}  // namespace

Done Batch::store_together(Held& held, const std::vector<Item*>& items) {
  std::vector<Item*> small;
  for (auto* item : items) {
    if (item->delivery->message().size() <= options_.largest_part && !item->delivery->deadline().passed() &&
        Mailboxes::check_open(held.row, item->place, item->delivery->allocation()))
      small.push_back(item);
  }
  // What is there already is looked for where there may be some: a row that is there tells so, too.
  bool has_looked = held.is_copied_to;
  auto left = has_looked ? PIGEON_TRY(new_ones(held, small)) : different(small);
  while (left.size() > 1) {
    std::size_t fits = 0;
    for (std::size_t octets = 0; fits < left.size(); ++fits) {
      octets += kBesides + left[fits]->delivery->message().size();
      if (octets > options_.most_together) break;
    }
    const auto count = rows_within(fits);
    if (!count) {
      left.erase(left.begin());
      continue;
    }
    const std::vector<Item*> group(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(*count));
    Held planned = held;
    const auto failed = PIGEON_TRY(apart("together", [&] { return write_together(planned, group); }));
    if (failed) {
      for (auto* item : group) item->outcome.reset();
    } else {
      held = std::move(planned);
    }
    if (failed && !std::exchange(has_looked, true)) {
      auto fresh = PIGEON_TRY(new_ones(held, left));
      const bool were_there = fresh.size() < left.size();
      left = std::move(fresh);
      if (were_there) continue;
    }
    // Of those that have failed, each by itself will tell which of them it was.
    left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  return {};
}

std::vector<Item*> Batch::different(const std::vector<Item*>& items) {
  std::set<std::string_view> seen;
  std::vector<Item*> first;
  for (auto* item : items) {
    if (seen.insert(item->key).second) first.push_back(item);
  }
  return first;
}

// Without those that are there already, or twice among these.
Result<std::vector<Item*>> Batch::new_ones(const Held& held, const std::vector<Item*>& items) {
  std::set<std::string> seen;
  const auto most = rows_within(options_.most_together / kBesides).value_or(kTogether.back());
  for (std::size_t at = 0; at < items.size(); at += most) {
    const auto count = std::min(items.size() - at, most);
    const auto size =
        *std::find_if(kTogether.rbegin(), kTogether.rend() - 1, [&](auto each) { return each >= count; });
    std::string list = "?";
    for (std::size_t each = 1; each < size; ++each) list += ", ?";
    auto* statement = PIGEON_TRY(
        connection_.prepare("SELECT id FROM deliveries WHERE mailbox = ? AND id IN (" + list + ")"));
    statement->with(held.row.mailbox);
    for (std::size_t each = 0; each < size; ++each)
      statement->bind(static_cast<int>(each) + 1,
                      std::string_view(items[at + std::min(each, count - 1)]->key));
    while (PIGEON_TRY(statement->step())) seen.insert(statement->text(0));
  }
  std::vector<Item*> fresh;
  for (auto* item : items) {
    if (seen.insert(item->key).second) fresh.push_back(item);
  }
  return fresh;
}

Done Batch::write_together(Held& held, const std::vector<Item*>& items) {
  auto* ledger = PIGEON_TRY(connection_.prepare(insert_into_ledger(items.size())));
  auto* records = PIGEON_TRY(connection_.prepare(insert_into_messages(items.front()->place, items.size())));
  ledger->reset();
  records->reset();
  std::vector<std::string> contents(items.size());
  int at_ledger = 0;
  int at_records = 0;
  const auto bind = [](Statement& statement, int& at, const auto&... values) {
    (statement.bind(at++, values), ...);
  };
  for (std::size_t index = 0; index < items.size(); ++index) {
    auto& item = *items[index];
    const auto& delivery = *item.delivery;
    // No room: by itself, which is told why, or counts anew what is there; these are not there yet.
    if (auto refused = no_room(held, item)) return *std::move(refused);
    const auto chosen = PIGEON_TRY(choose_folder(held, delivery, true));
    Parts parts(delivery.message(), options_.largest_part);
    contents[index] = parts.next().value_or("");
    bind(*ledger, at_ledger, held.row.mailbox, std::string_view(item.key), this_week(), chosen.folder->id,
         chosen.folder->uidnext);
    const auto id = delivery.id_is_unique() ? delivery.id() : std::string();
    bind(*records, at_records, chosen.folder->id, chosen.folder->uidnext, std::int64_t{0},
         delivery.is_moved() ? delivery.received() : seconds_now(),
         static_cast<std::int64_t>(contents[index].size()),
         static_cast<std::int64_t>(wire_size(delivery.message())),
         static_cast<std::int64_t>(delivery.marks()), std::string_view(id),
         sql_database::Bytes{contents[index]});
    note(held, chosen, item);
  }
  PIGEON_TRY(ledger->run());
  PIGEON_TRY(records->run());
  return {};
}

}  // namespace sql_mailbox
