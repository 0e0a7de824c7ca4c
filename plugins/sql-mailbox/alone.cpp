// SPDX-License-Identifier: MIT
//
// One small message by three statements: for a server, each is a round trip. The mailbox and its folder are
// held, the record is written, and the rest is a block that ends with COMMIT.
#include "batch.hpp"

#include <utility>

namespace sql_mailbox {
namespace {

// Without the record: of what is bound in a block, a server makes a text first.
constexpr const char* kEnd =
    "BEGIN NOT ATOMIC INSERT INTO deliveries (mailbox, id, week, folder, uid) VALUES (?, ?, ?, ?, ?); "
    "UPDATE folders SET uidnext = ? WHERE folder = ?; "
    "UPDATE mailboxes SET bytes = ?, messages = ? WHERE mailbox = ?; COMMIT; END";

}  // namespace

// What was or may be stored already is looked for first; and what has more to do is stored as in a batch.
bool Batch::may_be_short(const Item& item) const {
  return dialect_.has_blocks && !options_.indexes_fields && !item.may_be_stored &&
         !item.delivery->is_moved() && item.delivery->message().size() <= options_.largest_part;
}

Result<bool> Batch::store_shortly(Item& item) {
  const auto& delivery = *item.delivery;
  auto transaction = PIGEON_TRY(Transaction::begin(connection_, Transaction::For::series));
  Held held;
  PIGEON_TRY(hold(item, held));
  if (!Mailboxes::check_open(held.row, item.place, delivery.allocation()) || no_room(held, item) ||
      held.row.forgotten < this_week() || delivery.deadline().passed())
    return false;
  const auto chosen = PIGEON_TRY(choose_folder(held, delivery, false));
  if (chosen.folder == nullptr) return false;
  const auto uid = chosen.folder->uidnext;
  if (!write(held, *chosen.folder, item)) return false;
  note(held, chosen, item);
  auto* end = PIGEON_TRY(connection_.prepare(kEnd));
  end->with(held.row.mailbox, std::string_view(item.key), this_week(), chosen.folder->id, uid,
            chosen.folder->uidnext, chosen.folder->id, held.row.bytes, held.row.messages, held.row.mailbox);
  auto committed = transaction.commit_by(*end);
  if (committed) return true;
  item.outcome.reset();
  if (!committed.failure().may_have_happened) return false;
  item.may_be_stored = true;
  return std::move(committed).failure();
}

}  // namespace sql_mailbox
