// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"
#include "host/control/mailbox.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace pigeon::control {
namespace {

// As it is noted: to count anew is to write. What becomes of a message that is too much, the MDA decides by
// preferences of its own.
Done has_room(const Mailbox& mailbox, const std::string& address) {
  const auto& storage = mailbox.storage;
  if (!storage.has(PIGEON_MDA_USAGE)) return {};
  const auto usage = PIGEON_TRY(storage.usage(PIGEON_TRY(mailbox.preferences(storage.mda())), false));
  const auto is_full = [](std::uint64_t used, std::uint64_t limit) { return limit != 0 && used >= limit; };
  const bool has_no_bytes = is_full(usage.bytes, usage.bytes_limit);
  if (!has_no_bytes && !is_full(usage.messages, usage.messages_limit)) return {};
  const auto full = has_no_bytes ? amount(usage.bytes, usage.bytes_limit, "byte", "bytes")
                                 : amount(usage.messages, usage.messages_limit, "message", "messages");
  return failure(PIGEON_NO_SPACE, "store in the mailbox of " + printable(address) +
                                      ": it is noted as full, " + full + "; " + storage.name() +
                                      " lets mail wait then, or refuses it if it is so configured")
      .with_reason({4, 2, 2}, "mailbox full")
      .with_remedy("see how full it is with `" + mailbox_command("quota --recount", address) +
                   "`, and raise the quota, or let the user delete");
}

// A delivery finds out when it stores; the chain, run dry, does not get so far.
Done takes_mail(const Mailbox& mailbox, const std::string& address) {
  if (!mailbox.is_ready) return {};
  if (mailbox.moving.empty()) return has_room(mailbox, address);
  return misconfigured("store in the mailbox of " + printable(address) +
                       ": it is being moved, or a move was interrupted, and mail waits until that is ended")
      .with_remedy("if nobody is at it, " + end_of_move(address));
}

}  // namespace

Done explain(Session& session, const ExplainOptions& options) {
  boost::json::array lines;
  const auto say = [&](std::string_view who, const std::string& line) {
    session.out().line(std::string(who) + ": " + printable(line));
    lines.push_back(boost::json::object{{"who", who}, {"line", line}});
  };
  host::Request request;
  request.recipient = options.recipient;
  request.sender = options.sender;
  request.folder = options.folder;
  auto dry = run_dry(session, request, say);
  auto verdict = dry ? dry->verdict : host::Verdict::of(dry.failure());
  if (verdict.is_delivered() && dry->attempt.allocation && dry->attempt.allocated_for) {
    const auto mailbox = mailbox_of(session, *std::move(dry));
    const auto taken = mailbox ? takes_mail(*mailbox, options.recipient) : Done(mailbox.failure());
    if (!taken) verdict = host::Verdict::of(taken.failure());
  }
  const auto outcome = verdict.is_delivered() ? "would be delivered"
                                              : "would be " + std::string(host::outcome_of(verdict)) + ": " +
                                                    host::line_for_sender(verdict);
  session.out().line("verdict: " + outcome + " (exit " + std::to_string(host::exit_status(verdict)) + ")");
  if (!verdict.detail.empty()) session.out().line("because: " + printable(verdict.detail));
  if (!verdict.remedy.empty()) session.out().line("to mend it: " + printable(verdict.remedy));
  session.out().value(boost::json::object{{"recipient", options.recipient},
                                          {"lines", lines},
                                          {"outcome", host::outcome_of(verdict)},
                                          {"exit", host::exit_status(verdict)},
                                          {"detail", verdict.detail},
                                          {"remedy", verdict.remedy}});
  return {};
}

}  // namespace pigeon::control
