// SPDX-License-Identifier: MIT
//
// The command that moves a mailbox: what it refuses, and what it tells. How it is moved, see move.hpp.
#include "host/control/commands.hpp"
#include "host/control/move.hpp"

#include <pigeon/sdk/text.hpp>

#include <utility>

namespace pigeon::control {
namespace {

// What is refused before anything is begun.
Done check_possible(Session& session, const std::string& address, const Mailbox& old,
                    const host::Opened& mda) {
  const std::string name(mda.name());
  if (!old.is_ready) {
    return failure(PIGEON_CONFLICT,
                   "move the mailbox of " + printable(address) + ": it has not been made yet")
        .with_remedy("let the first message be delivered");
  }
  for (const auto needed : {PIGEON_MDA_LIST, PIGEON_MDA_READ, PIGEON_MDA_RETIRE}) {
    if (old.storage.has(needed)) continue;
    return failure(PIGEON_UNSUPPORTED, "move the mailbox of " + printable(address) + ": " +
                                           old.storage.name() + " cannot list, read and retire one")
        .with_remedy("import its mail from files that the storage's own tools have made");
  }
  if ((mda.operations<pigeon_mda>().capabilities & PIGEON_MDA_HANDS_OVER) != 0) {
    return failure(PIGEON_UNSUPPORTED,
                   "move the mailbox of " + printable(address) + " into " + name +
                       ": another server keeps its mailboxes, and would take old mail for new")
        .with_remedy("export it, and bring it into that server by its own tools");
  }
  for (const auto& other : PIGEON_TRY(other_mailboxes(session, old.principal))) {
    if (!same_name(other.mda, name) || !other.is_whole) continue;
    return failure(PIGEON_CONFLICT, "move the mailbox of " + printable(address) + " into " + name +
                                        ": it was moved out of one there, and that is still kept")
        .with_remedy("delete that with `" + mailbox_command("purge --retired", address) + "`");
  }
  return {};
}

Done purge_old(Session& session, const Mailbox& now) {
  auto others = PIGEON_TRY(other_mailboxes(session, now.principal, now.allocation().principal));
  // Nor what somebody else moves into meanwhile.
  std::erase_if(others, [&](const auto& other) {
    return !other.is_whole || other.allocation.id == now.allocation().id;
  });
  return purge_others(session, std::move(others));
}

}  // namespace

Done mailbox_move(Session& session, const std::string& address, const MoveOptions& options) {
  const auto old = PIGEON_TRY(standing_mailbox_of(session, address));
  auto* plugins = PIGEON_TRY(session.plugins());
  auto* mda = PIGEON_TRY(plugins->open(PIGEON_KIND_MDA, options.mda));
  const std::string name(mda->name());
  if (same_name(name, old.storage.name()) && old.moving.empty()) {
    const bool is_finished = options.resume && PIGEON_TRY(finish_switched(session, old));
    session.out().line("mail for " + printable(address) + " is in " + name +
                       (is_finished ? ": the move is ended" : " already"));
    return options.purge ? purge_old(session, old) : Done();
  }
  if (same_name(name, old.storage.name())) {
    return misconfigured("move the mailbox of " + printable(address) + " into " + name +
                         ": that is where it is")
        .with_remedy("go back to it with `" + mailbox_command("adopt", address) + "`");
  }
  if (options.resume && old.moving.empty() && !PIGEON_TRY(finish_switched(session, old))) {
    return failure(PIGEON_NOT_THERE, "resume a move of the mailbox of " + printable(address) +
                                         ": there is nothing to resume, for none was interrupted")
        .with_remedy("leave --resume out to move it into " + name);
  }
  PIGEON_TRY(check_possible(session, address, old, *mda));
  host::Allocator allocator(*PIGEON_TRY(session.tree()), *plugins, session.log());
  const auto requests = PIGEON_TRY(old.requests(session, *mda));
  auto proposed = PIGEON_TRY(allocator.propose(*mda, old.allocation().principal, requests));
  const auto new_id = proposed.id;

  Move move(session, address, old, Storage(*mda, std::move(proposed)));
  PIGEON_TRY(move.claim(options.resume));
  auto copied = PIGEON_TRY(move.run());
  PIGEON_TRY(move.end());
  if (options.purge) copied = PIGEON_TRY(move.sweep());
  const auto& out = session.out();
  out.line(counted(copied.messages, "message", "messages") + " moved; mail for " + printable(address) +
           " goes into " + name + " from now on");
  if (copied.removed != 0)
    out.line(counted(copied.removed, "was", "were") + " removed by a reader meanwhile");
  say_without_folder(out, copied);
  out.value(boost::json::object{{"messages", copied.messages},
                                {"bytes", copied.bytes},
                                {"removed", copied.removed},
                                {"withoutFolder", copied.without_folder},
                                {"from", old.storage.name()},
                                {"to", name},
                                {"id", new_id},
                                {"old", old.allocation().id}});
  if (options.purge) return purge_old(session, PIGEON_TRY(standing_mailbox_of(session, address)));
  out.line("The old mailbox, in " + old.storage.name() + ", is kept; delete it with `" +
           mailbox_command("purge --retired", address) + "`.");
  return {};
}

}  // namespace pigeon::control
