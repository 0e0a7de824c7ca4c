// SPDX-License-Identifier: MIT
//
// A mailbox from one storage format into another, while mail arrives:
//
//   1. the attribute `moving` of the allocation names the new mailbox: nobody else moves this one
//   2. an object below the user says where the new one is, so that it is never forgotten; it is made
//   3. the old one is retired: from now on deliveries are temporary trouble
//   4. all that is found is copied, and counted; another object says where the old one is
//   5. the tree is switched, on the condition that 1 still holds: deliveries go into the new one
//   6. the object of the new one is removed; that of the old one stays for `mailbox purge --retired`
//
// Whoever is killed before 5 leaves a mailbox that waits for `move --resume`, which begins anew with another
// new mailbox, or for `adopt`, which takes the old one back. Two at once: who overtakes changes `moving`, and
// the other's switch fails. Who takes the mailbox back is not overtaken by a move.
#pragma once

#include "host/control/copying.hpp"
#include "host/control/mailbox.hpp"
#include "host/control/session.hpp"
#include "host/control/storage.hpp"

#include <pigeon/sdk/result.hpp>

#include <optional>
#include <string>

namespace pigeon::control {

// A move that was interrupted after the switch has nothing left to do but this. False: none was.
Result<bool> finish_switched(Session& session, const Mailbox& mailbox);

class Move {
 public:
  Move(Session& session, std::string address, const Mailbox& old, Storage fresh)
      : session_(session), address_(std::move(address)), old_(old), fresh_(std::move(fresh)) {}

  Done claim(bool resume);
  Result<Copied> run();
  Done end();
  // Before the old mailbox is deleted: what other programs have put into it since, they believe stored.
  Result<Copied> sweep();

 private:
  [[nodiscard]] const std::string& old_id() const { return old_.allocation().id; }
  [[nodiscard]] const std::string& fresh_id() const { return fresh_.allocation().id; }
  [[nodiscard]] Result<bool> is_there(const TreePath& path) const;
  template <typename Look>
  Result<Applied> apply(const Update& update, Look&& was_done) const;
  Done remove_interrupted();
  Done remember(const Storage& storage, bool is_ready);
  Done forget(const std::string& id);
  [[nodiscard]] Failure undo(Failure met);
  enum class Standing { ours, switched, overtaken };
  [[nodiscard]] Result<Standing> standing() const;
  [[nodiscard]] Done check_ours() const;
  Result<Copied> after(Failure met);
  Done give_back();
  Result<Copied> copy();
  Done copy_rest();
  Done switch_over();
  [[nodiscard]] Failure overtaken() const;
  [[nodiscard]] Failure with_way_out(Failure failure) const;

  Session& session_;
  std::string address_;
  const Mailbox& old_;
  Storage fresh_;
  bool retired_ = false;
  std::optional<Copying> copying_;
  Copied copied_;
};

}  // namespace pigeon::control
