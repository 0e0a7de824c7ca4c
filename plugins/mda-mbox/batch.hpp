// SPDX-License-Identifier: MIT
//
// Deliveries, a mailbox after another, and of each mailbox a file after another:
//
//   1. exclude our own processes; look what the ledger knows
//   2. take the file's locks; cut off what an attempt that was killed has left
//   3. append everything in one write, flush it
//   4. tell the ledger, note the file's size; give the locks back; answer
//
// Whatever happens in step 3, the file is cut back to what it was while it is still locked; then each
// delivery of the batch is tried by itself, so that what one of them meets does not touch the others.
#pragma once

#include "ledger.hpp"
#include "mailbox.hpp"
#include "rendering.hpp"
#include "spool.hpp"
#include "spool_lock.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mda_mbox {

struct Rules {
  Quoting quoting = Quoting::mboxrd;
  LockRules locks;
};

// Ends what deliveries that were killed have left in a mailbox, as the next ones would: no more will come.
Done settle(Mailbox& mailbox, const Rules& rules, pigeon::Deadline deadline);

class Batch {
 public:
  Batch(const Directory& base, const Rules& rules, Ledgers& ledgers, pigeon::Host host)
      : base_(base), rules_(rules), ledgers_(ledgers), host_(host) {}

  void deliver(std::span<pigeon::Delivery> deliveries);

 private:
  // One delivery on its way.
  struct Item {
    explicit Item(const pigeon::Delivery& its_delivery);
    const pigeon::Delivery* delivery;
    Outgoing message;
    std::string file;  // of the folder; empty for the mbox itself
    bool no_such_folder = false;
    bool is_answered = false;
  };
  using Items = std::vector<Item*>;

  void deliver_to_all(const std::map<std::string, Items>& by_mailbox);
  bool deliver_to_one(const Items& items, pigeon::Deadline until, bool is_final);
  Done deliver_to_file(Mailbox& mailbox, Ledger& ledger, const std::string& file, const Items& items,
                       pigeon::Deadline until);
  Done append(Mailbox& mailbox, Ledger& ledger, Spool& spool, const std::string& file, const Items& items);
  Done choose_folder(const Mailbox& mailbox, Item& item) const;
  Result<bool> was_there(Ledger& ledger, const Spool& spool, Item& item) const;
  void end(const Mailbox& mailbox, Ledger& ledger, Spool& spool, const std::string& file, const Items& there,
           const Items& fresh);
  void answer_known(const Mailbox& mailbox, Ledger& ledger, const Items& items);
  static bool end_in(const Items& items, const pigeon::Failure& failure, bool is_final);
  static void fail(const Items& items, const pigeon::Failure& failure);
  static pigeon::Deadline earliest(const Items& items);

  const Directory& base_;
  const Rules& rules_;
  Ledgers& ledgers_;
  pigeon::Host host_;
};

}  // namespace mda_mbox
