// SPDX-License-Identifier: MIT
#include "host/control/move.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace pigeon::control {
namespace {

constexpr const char* kMoving = "moving";

}  // namespace

Result<bool> finish_switched(Session& session, const Mailbox& mailbox) {
  for (const auto& other :
       PIGEON_TRY(other_mailboxes(session, mailbox.principal, mailbox.allocation().principal))) {
    if (other.allocation.id != mailbox.allocation().id) continue;
    PIGEON_TRY(forget(session, other));
    return true;
  }
  return false;
}

Result<bool> Move::is_there(const TreePath& path) const {
  return PIGEON_TRY(PIGEON_TRY(session_.tree())->fetch({path, 0, true, Session::soon()})).has_value();
}

// Where the answer was lost, what stands in the tree now says what happened.
template <typename Look>
Result<Applied> Move::apply(const Update& update, Look&& was_done) const {
  auto applied = PIGEON_TRY(session_.tree())->apply(update);
  if (applied || !applied.failure().may_have_happened) return applied;
  if (PIGEON_TRY(was_done())) return Applied::yes;
  return applied;
}

Failure Move::overtaken() const {
  return failure(PIGEON_CONFLICT, "move the mailbox of " + printable(address_) +
                                      ": somebody else moves it now, or has taken it back")
      .with_remedy("see `" + mailbox_command("list", address_) + "`");
}

Failure Move::with_way_out(Failure failure) const {
  failure.remedy += (failure.remedy.empty() ? "" : "; then ") + end_of_move(address_, fresh_.name()) +
                    ": until then mail for this user waits";
  return failure;
}

Done Move::claim(bool resume) {
  if (!old_.moving.empty() && !resume) {
    return failure(PIGEON_CONFLICT, "move the mailbox of " + printable(address_) +
                                        ": it is being moved, or a move was interrupted")
        .with_remedy("if nobody is at it, " + end_of_move(address_, fresh_.name()));
  }
  // What it is about to do to the old mailbox would be done to ours.
  if (is_taken_back(old_.moving)) {
    return failure(PIGEON_CONFLICT, "move the mailbox of " + printable(address_) +
                                        ": it is being taken back, or that was interrupted")
        .with_remedy("if nobody is at it, take it back with `" + mailbox_command("adopt", address_) +
                     "`, and then move it");
  }
  const auto seen =
      old_.moving.empty() ? Precondition::absent(kMoving) : Precondition::equal(kMoving, old_.moving);
  const Update update = {.path = old_.principal,
                         .changes = {Change::set(kMoving, fresh_id())},
                         .preconditions = {Precondition::equal("id", old_id()), seen},
                         .deadline = Session::soon()};
  const auto is_claimed = [&]() -> Result<bool> {
    PIGEON_TRY(check_ours());
    return true;
  };
  if (PIGEON_TRY(apply(update, is_claimed)) != Applied::yes) return overtaken();
  // The mailbox that mail goes to may still be noted as begun, by a move that was interrupted just before its
  // end.
  PIGEON_TRY(finish_switched(session_, old_));
  return resume ? remove_interrupted() : Done();
}

Result<Move::Standing> Move::standing() const {
  const auto object = PIGEON_TRY(standing_object(session_, old_.principal));
  if (object.attributes.get("id") == fresh_id()) return Standing::switched;
  const bool is_ours =
      object.attributes.get("id") == old_id() && object.attributes.get(kMoving) == fresh_id();
  return is_ours ? Standing::ours : Standing::overtaken;
}

Done Move::check_ours() const {
  return PIGEON_TRY(standing()) == Standing::ours ? Done() : Done(overtaken());
}

// What interrupted moves have begun. Nobody can switch to it any more.
Done Move::remove_interrupted() {
  auto others = PIGEON_TRY(other_mailboxes(session_, old_.principal, old_.allocation().principal));
  std::erase_if(others, [&](const auto& other) { return other.is_whole || other.allocation.id == old_id(); });
  auto purged = purge_others(session_, std::move(others));
  if (purged) return {};
  return with_way_out(std::move(purged).failure().while_doing("delete what an interrupted move has left"));
}

Done Move::remember(const Storage& storage, bool is_ready) {
  const auto path = old_.principal.child(storage.allocation().id);
  Update update = {
      .path = path,
      .changes = {Change::create(tree::kOtherMailbox), Change::add_class(storage.allocation_class()),
                  Change::set("id", storage.allocation().id),
                  Change::set("ready", is_ready ? "TRUE" : "FALSE")},
      .preconditions = {Precondition::object_absent()},
      .deadline = Session::soon()};
  for (const auto& [name, values] : storage.allocation().attributes)
    update.changes.push_back(Change::set(name, values));
  // A conflict: it is there from an interrupted move, perhaps as one that was begun.
  auto applied = PIGEON_TRY(apply(update, [&] { return is_there(path); }));
  if (applied == Applied::conflict && is_ready) {
    applied = PIGEON_TRY(PIGEON_TRY(session_.tree())
                             ->apply({.path = path,
                                      .changes = {Change::set("ready", "TRUE")},
                                      .preconditions = {Precondition::equal("id", storage.allocation().id)},
                                      .deadline = Session::soon()}));
  }
  return applied == Applied::not_there ? Done(not_in_tree(old_.principal)) : Done();
}

Done Move::forget(const std::string& id) {
  const auto path = old_.principal.child(id);
  const Update update = {.path = path, .changes = {Change::remove()}, .deadline = Session::soon()};
  PIGEON_TRY(apply(update, [&]() -> Result<bool> { return !PIGEON_TRY(is_there(path)); }));
  return {};
}

// Before the old mailbox was retired: as if nothing had been begun. What cannot be undone now, a resumed move
// or an adoption removes. It touches nothing that somebody who has overtaken us may need.
Failure Move::undo(Failure met) {
  static_cast<void>(fresh_.purge());  // refused where another mailbox is in its place
  if (!forget(fresh_id())) return met;
  const auto tree = session_.tree();
  if (!tree) return met;
  const auto applied = (*tree)->apply(
      {.path = old_.principal,
       .changes = {Change::set(kMoving, Values{})},
       .preconditions = {Precondition::equal("id", old_id()), Precondition::equal(kMoving, fresh_id())},
       .deadline = Session::soon()});
  return applied && *applied != Applied::yes ? overtaken() : met;
}

Result<Copied> Move::run() {
  auto made = remember(fresh_, false);
  if (made) made = fresh_.ensure();
  if (!made) {
    auto met = std::move(made).failure().while_doing("make the new mailbox");
    return old_.moving.empty() ? undo(std::move(met)) : after(std::move(met));
  }
  auto copied = copy();
  return copied ? copied : after(std::move(copied).failure());
}

// After a failure, what stands in the tree says what can be done.
Result<Copied> Move::after(Failure met) {
  const auto now = standing();
  if (now && *now == Standing::switched) return copied_;
  if (!now || *now == Standing::ours) return with_way_out(std::move(met));
  // Nobody will ever switch to the new mailbox, and who overtook us may not have seen it.
  static_cast<void>(fresh_.purge());
  static_cast<void>(forget(fresh_id()));
  if (retired_) PIGEON_TRY(give_back());
  return overtaken();
}

// Who has taken the mailbox back while we were about to retire it has done so before we did. Another move of
// it retires it itself.
Done Move::give_back() {
  constexpr auto kPause = std::chrono::milliseconds(50);
  for (const auto deadline = Session::soon(); !deadline.passed(); std::this_thread::sleep_for(kPause)) {
    const auto object = PIGEON_TRY(standing_object(session_, old_.principal));
    const std::string moving(object.attributes.get(kMoving).value_or(""));
    if (object.attributes.get("id") != old_id()) return {};
    if (!moving.empty() && PIGEON_TRY(is_there(old_.principal.child(moving)))) return {};
    if (!moving.empty()) continue;  // it is being taken back, or another move begins
    auto done = while_nobody_moves(session_, old_, "", [&] { return old_.storage.adopt(); });
    if (done || done.failure().status != PIGEON_CONFLICT) return done;
  }
  return temporary("see whether the mailbox of " + printable(address_) + " takes mail")
      .with_remedy("go back to it with `" + mailbox_command("adopt", address_) + "`");
}

Result<Copied> Move::copy() {
  // Not after somebody has taken it back.
  PIGEON_TRY(check_ours());
  retired_ = true;
  PIGEON_TRY(old_.storage.retire());
  PIGEON_TRY(check_ours());
  const auto preferences = PIGEON_TRY(old_.preferences(fresh_.mda()));
  copying_.emplace(session_, old_.storage, fresh_, preferences, CopyId::of_entry, "move");
  PIGEON_TRY(copying_->look());
  copied_ = PIGEON_TRY(copying_->run());
  PIGEON_TRY(copy_rest());
  PIGEON_TRY(copying_->verify(copied_));
  PIGEON_TRY(remember(old_.storage, true));
  PIGEON_TRY(switch_over());
  return copied_;
}

// No mail arrives any more, but readers are at it: what one puts into a folder that was listed already is
// found by the next look.
Done Move::copy_rest() {
  constexpr int kMostLooks = 20;
  for (int looks = 0; PIGEON_TRY(copying_->look_again()); ++looks) {
    if (looks == kMostLooks) {
      return temporary("copy all messages: other programs put more and more into the old mailbox")
          .with_remedy("stop who writes to this mailbox");
    }
    copied_.add(PIGEON_TRY(copying_->run()));
  }
  return {};
}

Result<Copied> Move::sweep() {
  auto rest = copying_ ? copy_rest() : Done();
  if (rest) return copied_;
  return std::move(rest).failure().while_doing(
      "copy what came last (mail goes into the new mailbox already, and the old one is kept)");
}

Done Move::switch_over() {
  Update update = {
      .path = old_.principal,
      .changes = {Change::remove_class(old_.storage.allocation_class()),
                  Change::add_class(fresh_.allocation_class()), Change::set("id", fresh_id()),
                  Change::set("ready", "TRUE")},
      .preconditions = {Precondition::equal("id", old_id()), Precondition::equal(kMoving, fresh_id())},
      .deadline = Session::soon()};
  for (const auto& [name, values] : fresh_.allocation().attributes)
    update.changes.push_back(Change::set(name, values));
  const auto is_switched = [&]() -> Result<bool> { return PIGEON_TRY(standing()) == Standing::switched; };
  return PIGEON_TRY(apply(update, is_switched)) == Applied::yes ? Done() : Done(overtaken());
}

Done Move::end() {
  return forget(fresh_id());
}

}  // namespace pigeon::control
