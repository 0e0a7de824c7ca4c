// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"
#include "host/control/recipient.hpp"

#include "host/allocator.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <unistd.h>

#include <iostream>
#include <map>

namespace pigeon::control {
namespace {

// Nobody's mail is waiting for it, and a mailbox may be large.
Deadline later() {
  return Deadline::in(std::chrono::hours(1));
}

// Whose mailbox, of which MDA, with the allocation that there is or that would be.
struct Mailbox {
  TreePath principal;
  host::Opened* mda;
  Allocation allocation;
  bool is_standing;
  bool is_ready;
};

Result<Mailbox> mailbox_of(Session& session, const std::string& address) {
  host::Request request;
  request.recipient = address;
  auto dry = PIGEON_TRY(run_dry(session, request, {}));
  if (!dry.attempt.allocation) {
    return failure(PIGEON_NOT_THERE, "find the mailbox of " + printable(address) + ": " + dry.verdict.detail)
        .with_remedy(dry.verdict.remedy.empty() ? "see pigeonctl explain " + shell_word(address)
                                                : dry.verdict.remedy);
  }
  const auto standing = PIGEON_TRY(host::standing_allocation(dry.attempt.principal->object));
  auto& [mda, allocation] = *dry.attempt.allocation;
  auto* opened = PIGEON_TRY(PIGEON_TRY(session.plugins())->open(PIGEON_KIND_MDA, mda));
  const auto path = PIGEON_TRY(path_argument(dry.attempt.principal->object.path));
  return Mailbox{path, opened, std::move(allocation), standing.has_value(), standing && standing->is_ready};
}

Failure no_mailbox(const std::string& address) {
  return failure(PIGEON_NOT_THERE, "find the mailbox of " + printable(address) + ": there is none yet")
      .with_remedy("nothing; the first message makes it");
}

// One of the MDA's functions that take an allocation.
using Operation = pigeon_status (*)(void*, const pigeon_allocation*, std::uint64_t,
                                    pigeon_error*) PIGEON_NOEXCEPT;

Done call(const Mailbox& mailbox, Operation operation, const std::string& what) {
  if (operation == nullptr) {
    return failure(PIGEON_UNSUPPORTED, what + ": " + std::string(mailbox.mda->name()) + " cannot do this")
        .with_remedy("do it with the storage's own tools");
  }
  const LentAllocation lent(mailbox.allocation);
  auto error = blank_error();
  const auto status = operation(mailbox.mda->instance(), &lent.get(), later().value(), &error);
  return status == PIGEON_OK ? Done() : Done(copy(error, status));
}

struct Listing {
  Session* session;
  bool messages;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> folders;  // messages, bytes
};

std::uint32_t take_entry(void* context, const pigeon_entry* entry) noexcept {
  auto& listing = *static_cast<Listing*>(context);
  const auto folder = copy(entry->folder);
  auto& [count, bytes] = listing.folders[folder];
  ++count;
  bytes += entry->bytes;
  if (!listing.messages) return 0;
  const auto& out = listing.session->out();
  out.line(printable(folder) + "  " + std::to_string(entry->bytes) + "  " + printable(view(entry->name)));
  out.value(boost::json::object{{"folder", folder},
                                {"name", printable(view(entry->name))},
                                {"bytes", entry->bytes},
                                {"received", entry->received}});
  return 0;
}

Done mark_ready(Session& session, const Mailbox& mailbox) {
  return session.apply({.path = mailbox.principal,
                        .changes = {Change::set("ready", "TRUE")},
                        .preconditions = {Precondition::equal("id", mailbox.allocation.id)},
                        .deadline = Session::soon()});
}

}  // namespace

Done mailbox_list(Session& session, const std::string& address, bool messages) {
  const auto mailbox = PIGEON_TRY(mailbox_of(session, address));
  if (!mailbox.is_standing) return no_mailbox(address);
  const auto operations = mailbox.mda->operations<pigeon_mda>();
  if (operations.list == nullptr)
    return failure(PIGEON_UNSUPPORTED, "list the mailbox of " + printable(address) + ": " +
                                           std::string(mailbox.mda->name()) + " cannot do this")
        .with_remedy("look at it with the storage's own tools");
  Listing listing{&session, messages, {}};
  const pigeon_entry_sink sink = {sizeof sink, 0, &listing, take_entry};
  const LentAllocation lent(mailbox.allocation);
  auto error = blank_error();
  const auto status = operations.list(mailbox.mda->instance(), &lent.get(), later().value(), &sink, &error);
  if (status != PIGEON_OK) return copy(error, status);
  for (const auto& [folder, sums] : listing.folders) {
    if (messages) continue;
    session.out().line(printable(folder) + "  " + std::to_string(sums.first) + " messages  " +
                       std::to_string(sums.second) + " bytes");
    session.out().value(
        boost::json::object{{"folder", folder}, {"messages", sums.first}, {"bytes", sums.second}});
  }
  return {};
}

// The allocation is in the tree before the stamp is on the disk, as for any mailbox: whoever is interrupted
// can do the same again.
Done mailbox_adopt(Session& session, const std::string& address, const std::string& home) {
  auto mailbox = PIGEON_TRY(mailbox_of(session, address));
  const auto operations = mailbox.mda->operations<pigeon_mda>();
  if (operations.adopt == nullptr) {
    return failure(PIGEON_UNSUPPORTED, "adopt the mailbox of " + printable(address) + ": " +
                                           std::string(mailbox.mda->name()) + " cannot take one over")
        .with_remedy("move its mail into a mailbox that a first message makes");
  }
  host::Allocator allocator(*PIGEON_TRY(session.tree()), *PIGEON_TRY(session.plugins()), session.log());
  if (!home.empty() && mailbox.is_standing) {
    return failure(PIGEON_CONFLICT, "adopt " + printable(home) + " for " + printable(address) +
                                        ": there is an allocation already, and it is not changed")
        .with_remedy("leave the directory out to stamp the mailbox that is allocated");
  }
  if (!home.empty()) {
    mailbox.allocation = PIGEON_TRY(
        allocator.propose(*mailbox.mda, mailbox.allocation.principal, Attributes{{"home", {home}}}));
  }
  if (!mailbox.is_standing) {
    const auto applied =
        PIGEON_TRY(allocator.commit(mailbox.principal, std::string(mailbox.mda->name()), mailbox.allocation,
                                    false, {Precondition::absent("id")}, std::nullopt, Session::soon()));
    if (applied != Applied::yes)
      return failure(PIGEON_CONFLICT, "a mailbox was allocated meanwhile").with_remedy("try again");
  }
  if (auto adopted = call(mailbox, operations.adopt, "adopt"); !adopted) {
    if (mailbox.is_standing) return adopted;
    // Nothing was taken over, so nothing stays allocated.
    PIGEON_TRY(session.apply(
        {.path = mailbox.principal,
         .changes = {Change::remove_class(std::string(mailbox.mda->name()) + tree::kAllocationSuffix)},
         .preconditions = {Precondition::equal("id", mailbox.allocation.id)},
         .deadline = Session::soon()}));
    return adopted;
  }
  PIGEON_TRY(mark_ready(session, mailbox));
  session.out().line("adopted: mail for " + printable(address) + " goes into it from now on");
  return {};
}

Done mailbox_purge(Session& session, const std::string& address, bool yes) {
  const auto mailbox = PIGEON_TRY(mailbox_of(session, address));
  if (!mailbox.is_standing) return no_mailbox(address);
  if (!yes) {
    if (::isatty(STDIN_FILENO) != 1) {
      return misconfigured("purge the mailbox of " + printable(address) + ": this deletes all its mail")
          .with_remedy("add --yes if you mean it");
    }
    std::cerr << "This deletes all mail of " << printable(address) << ". Type yes to go on: ";
    std::string answer;
    if (!std::getline(std::cin, answer) || answer != "yes") {
      return misconfigured("purge the mailbox of " + printable(address) + ": nothing was deleted")
          .with_remedy("answer yes if you mean it");
    }
  }
  PIGEON_TRY(call(mailbox, mailbox.mda->operations<pigeon_mda>().purge, "purge"));
  return session.apply(
      {.path = mailbox.principal,
       .changes = {Change::remove_class(std::string(mailbox.mda->name()) + tree::kAllocationSuffix)},
       .preconditions = {Precondition::equal("id", mailbox.allocation.id)},
       .deadline = Session::soon()});
}

}  // namespace pigeon::control
