// SPDX-License-Identifier: MIT
#include "host/control/mailbox.hpp"

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/values.hpp>

#include <unistd.h>

#include <iostream>

namespace pigeon::control {
namespace {

Update update_of_moving(const Mailbox& mailbox, const std::string& from, const std::string& to) {
  return {
      .path = mailbox.principal,
      .changes = {Change::set("moving", to.empty() ? Values() : Values{to})},
      .preconditions = {Precondition::equal("id", mailbox.allocation().id),
                        from.empty() ? Precondition::absent("moving") : Precondition::equal("moving", from)},
      .deadline = Session::soon()};
}

constexpr std::string_view kTakenBack = "taken-back-";

}  // namespace

Result<Settings> Mailbox::preferences(const host::Opened& mda) const {
  return host::Allocator::preferences(*attempt.allocated_for, mda);
}

Result<Attributes> Mailbox::requests(Session& session, const host::Opened& mda) const {
  host::Allocator allocator(*PIGEON_TRY(session.tree()), *PIGEON_TRY(session.plugins()), session.log());
  return allocator.requests_for(attempt, *attempt.allocated_for, mda);
}

Result<Mailbox> mailbox_of(Session& session, const std::string& address) {
  host::Request request;
  request.recipient = address;
  auto dry = PIGEON_TRY(run_dry(session, request, {}));
  if (!dry.attempt.allocation || !dry.attempt.allocated_for) {
    return failure(PIGEON_NOT_THERE, "find the mailbox of " + printable(address) + ": " + dry.verdict.detail)
        .with_remedy(dry.verdict.remedy.empty() ? "see pigeonctl explain " + shell_operand(address)
                                                : dry.verdict.remedy);
  }
  return mailbox_of(session, std::move(dry));
}

Result<Mailbox> mailbox_of(Session& session, DryRun dry) {
  const auto& principal = dry.attempt.principal->object;
  const auto standing = PIGEON_TRY(host::standing_allocation(principal));
  auto& [mda, allocation] = *dry.attempt.allocation;
  auto* opened = PIGEON_TRY(PIGEON_TRY(session.plugins())->open(PIGEON_KIND_MDA, mda));
  const auto path = PIGEON_TRY(path_argument(principal.path));
  const std::string moving(principal.attributes.get("moving").value_or(""));
  Storage storage(*opened, std::move(allocation));
  return Mailbox{path,   std::move(storage),    standing.has_value(), standing && standing->is_ready,
                 moving, std::move(dry.attempt)};
}

Result<Mailbox> standing_mailbox_of(Session& session, const std::string& address) {
  auto mailbox = PIGEON_TRY(mailbox_of(session, address));
  if (mailbox.is_standing) return mailbox;
  return failure(PIGEON_NOT_THERE, "find the mailbox of " + printable(address) + ": there is none yet")
      .with_remedy("nothing; the first message makes it");
}

Done while_nobody_moves(Session& session, const Mailbox& mailbox, const std::string& seen,
                        const std::function<Done()>& step) {
  const auto ours = std::string(kTakenBack) + PIGEON_TRY(random_token());
  PIGEON_TRY(session.apply(update_of_moving(mailbox, seen, ours)));
  auto done = step();
  PIGEON_TRY(session.apply(update_of_moving(mailbox, ours, "")));
  return done;
}

bool is_taken_back(std::string_view moving) {
  return starts_with(moving, kTakenBack);
}

Done mark_ready(Session& session, const Mailbox& mailbox) {
  return session.apply({.path = mailbox.principal,
                        .changes = {Change::set("ready", "TRUE")},
                        .preconditions = {Precondition::equal("id", mailbox.allocation().id)},
                        .deadline = Session::soon()});
}

Done confirm(const std::string& what, bool yes) {
  if (yes) return {};
  if (::isatty(STDIN_FILENO) != 1) {
    return misconfigured("purge the mail of " + what + ": this deletes all its mail")
        .with_remedy("add --yes if you mean it");
  }
  std::cerr << "This deletes all mail of " << what << ". Type yes to go on: ";
  std::string answer;
  if (std::getline(std::cin, answer) && answer == "yes") return {};
  return misconfigured("purge the mail of " + what + ": nothing was deleted")
      .with_remedy("answer yes if you mean it");
}

std::string end_of_move(const std::string& address, const std::string& mda) {
  return "go on with `" + mailbox_command("move --resume", address) + " " + mda + "`, or go back with `" +
         mailbox_command("adopt", address) + "`";
}

std::string amount(std::uint64_t used, std::uint64_t limit, std::string_view one, std::string_view many) {
  return limit == 0 ? counted(used, one, many) : std::to_string(used) + " of " + counted(limit, one, many);
}

std::string mailbox_command(const std::string& what, const std::string& address) {
  return "pigeonctl mailbox " + what + " " + shell_operand(address);
}

}  // namespace pigeon::control
