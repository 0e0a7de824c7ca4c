// SPDX-License-Identifier: MIT
//
// Deliveries in one transaction, of one mailbox or of several in one database:
//
//   1. hold the row of each mailbox, in the order of their names, so that nobody waits for somebody who waits
//   2. of each delivery: note it in the ledger, unless it is there already, and write its records. What it
//      meets is undone back to a savepoint, and is its own trouble: if all at once did not go, they go one by
//      one
//   3. note the sums and the UID counters
//   4. commit: message, ledger and sums are there together, or not at all
//
// One small message is stored by the same steps in fewer statements where a statement is a round trip: the
// ledger, the sums and the commit are one, after the records. What that meets, the usual steps meet again.
//
// An id that may be another message's is noted with a token of this call. So whoever does not know what
// became of a commit makes the attempt again, and finds what he has stored.
#pragma once

#include "mailbox.hpp"

#include <pigeon/sdk/mda.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sql_mailbox {

// One delivery on its way.
struct Item {
  const pigeon::Delivery* delivery = nullptr;
  Place place;
  std::string key;             // in the ledger
  bool may_be_stored = false;  // by a commit whose answer was lost
  std::optional<Result<pigeon::Stored>> outcome;

  static Result<Item> of(const pigeon::Delivery& delivery, Place place);
  // Tells what has become of it. What may be stored is not refused: it waits, and the retry will know.
  void answer(Result<pigeon::Stored> met) const;
};

struct Options {
  std::size_t largest_part = 0;
  // Octets of a statement that stores several small messages; 0: each has one of its own, as is best where a
  // statement is no round trip.
  std::size_t most_together = 0;
  bool indexes_fields = false;
};

class Batch {
 public:
  Batch(Connection& connection, const Dialect& dialect, const Options& options)
      : connection_(connection), dialect_(dialect), options_(options) {}

  // Gives every item an outcome, to be told once this returns. A failure: none has one, and none was stored,
  // or all that could be were, if it may have happened.
  Done attempt(const std::vector<Item*>& items);

 private:
  struct Folder {
    std::int64_t id = 0;
    std::int64_t uidnext = 1;
    bool has_new = false;
  };
  // What is known of a mailbox whose row is held.
  struct Held {
    Row row;
    std::map<std::string, Folder> folders;
    Statement* ledger = nullptr;  // once it is prepared: writes one row
    Statement* records = nullptr;
    std::int64_t repeats = 0;
    bool is_copied_to = false;  // by whoever brings what is old as well: nothing of it is forgotten
    bool has_changed = false;
  };

  // One message, by few statements. False: it was not stored so, and nothing is changed; why not, the usual
  // way will find out.
  [[nodiscard]] bool may_be_short(const Item& item) const;
  Result<bool> store_shortly(Item& item);

  Done deliver_to(const std::vector<Item*>& items);
  Done hold(const Item& item, Held& held);
  struct Chosen {
    Folder* folder = nullptr;
    std::string name;
    bool is_another = false;  // than was wanted
  };

  // All that are one mailbox's, or, if any fails, none of them: then none has an outcome.
  Done store_all(Held& held, const std::vector<Item*>& items);
  // What it meets is its own trouble.
  Done store_apart(Held& held, Item& item);
  Done store(Held& held, Item& item);
  Done repeat(Held& held, Item& item);
  Result<bool> was_delivered(const Held& held, const Item& item);
  // What was stored before, and is brought again by whoever copies a mailbox, is known the next time.
  Done renew(const Held& held, const Item& item);
  // makes: the folder, if it is to be made; else there is none then.
  Result<Chosen> choose_folder(Held& held, const pigeon::Delivery& delivery, bool makes);
  Result<Folder*> find_folder(Held& held, const std::string& name, bool makes);
  // Why there is no room for the message, if there is none: by what was noted; or by what is there, where
  // that was not counted lately.
  static std::optional<Failure> no_room(const Held& held, const Item& item);
  Result<std::optional<Failure>> check_quota(Held& held, const Item& item);
  // Notes that it is stored, and gives it its UID.
  static void note(Held& held, const Chosen& chosen, Item& item);
  // Notes in the ledger that it is stored. False: it says so already.
  Result<bool> enter(Held& held, const Folder& folder, const Item& item);
  Done write(Held& held, const Folder& folder, const Item& item);
  Done index(std::int64_t folder, std::int64_t uid, std::string_view begin);
  Done finish(Held& held);

  // Stores as many as go together by few statements. What that cannot be done for, because it is large, there
  // already, or fails, has no outcome afterwards.
  Done store_together(Held& held, const std::vector<Item*>& items);
  static std::vector<Item*> different(const std::vector<Item*>& items);
  Result<std::vector<Item*>> new_ones(const Held& held, const std::vector<Item*>& items);
  Done write_together(Held& held, const std::vector<Item*>& items);

  // Runs a step whose failure undoes that step alone, and is the answer. A failure of this: the transaction
  // is over.
  template <typename Step>
  Result<std::optional<Failure>> apart(const char* savepoint, Step&& step);

  Connection& connection_;
  const Dialect& dialect_;
  const Options& options_;
  bool is_alone_ = false;        // one delivery: what undoes it is the end of the transaction
  bool is_one_mailbox_ = false;  // of all: without it there is nothing
  bool has_changed_ = false;
};

template <typename Step>
Result<std::optional<Failure>> Batch::apart(const char* savepoint, Step&& step) {
  const std::string name(savepoint);
  PIGEON_TRY(connection_.save(name));
  Done done = step();
  if (!done && !connection_.go_back_to(name)) return std::move(done).failure();
  PIGEON_TRY(connection_.release(name));
  if (done) return std::nullopt;
  return std::optional<Failure>(std::move(done).failure());
}

}  // namespace sql_mailbox
