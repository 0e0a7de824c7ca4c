// SPDX-License-Identifier: MIT
//
// The mailbox of an address: the one that there is, or the one that the first message would make.
#pragma once

#include "host/allocator.hpp"
#include "host/attempt.hpp"
#include "host/control/recipient.hpp"
#include "host/control/session.hpp"
#include "host/control/storage.hpp"

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pigeon::control {

struct Mailbox {
  TreePath principal;
  Storage storage;
  bool is_standing;
  bool is_ready;
  std::string moving;     // the id of the mailbox that it is being moved into; empty for none
  host::Attempt attempt;  // what a delivery would find

  [[nodiscard]] const Allocation& allocation() const { return storage.allocation(); }
  // What the user or the domain prefers of an MDA, and what is requested of it.
  [[nodiscard]] Result<Settings> preferences(const host::Opened& mda) const;
  [[nodiscard]] Result<Attributes> requests(Session& session, const host::Opened& mda) const;
};

Result<Mailbox> mailbox_of(Session& session, const std::string& address);
// The one that a dry run has found; REQUIRES: it has one.
Result<Mailbox> mailbox_of(Session& session, DryRun dry);
// One that there is, or a failure.
Result<Mailbox> standing_mailbox_of(Session& session, const std::string& address);

// Ends a move before the tree is switched, and does `step` meanwhile. As long as `moving` is ours, whoever
// was at it cannot switch any more, and nobody begins another move, which would retire what `step` adopts. A
// conflict: `moving` is not `seen` any more.
Done while_nobody_moves(Session& session, const Mailbox& mailbox, const std::string& seen,
                        const std::function<Done()>& step);

// Whether that is what `moving` says.
bool is_taken_back(std::string_view moving);

// It has been made, says the tree from now on.
Done mark_ready(Session& session, const Mailbox& mailbox);

// Deletes mail only after somebody has said yes: `yes`, or who sits at the terminal.
Done confirm(const std::string& what, bool yes);

// "go on with ..., or go back with ...": the commands that end a move which was interrupted.
std::string end_of_move(const std::string& address, const std::string& mda = "MDA");

// "1 of 5 messages", or "1 message" where there is no limit.
std::string amount(std::uint64_t used, std::uint64_t limit, std::string_view one, std::string_view many);

// "pigeonctl mailbox WHAT ADDRESS", to be pasted. Options belong to WHAT.
std::string mailbox_command(const std::string& what, const std::string& address);

}  // namespace pigeon::control
