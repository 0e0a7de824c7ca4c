// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"
#include "host/control/mailbox.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace pigeon::control {
namespace {

constexpr std::array<std::pair<std::uint32_t, const char*>, 5> kMarks = {{{PIGEON_MARK_SEEN, "seen"},
                                                                          {PIGEON_MARK_ANSWERED, "answered"},
                                                                          {PIGEON_MARK_FLAGGED, "flagged"},
                                                                          {PIGEON_MARK_DELETED, "deleted"},
                                                                          {PIGEON_MARK_DRAFT, "draft"}}};

std::vector<std::string> names_of(std::uint32_t marks) {
  std::vector<std::string> names;
  for (const auto& [mark, name] : kMarks) {
    if ((marks & mark) != 0) names.emplace_back(name);
  }
  return names;
}

void print_message(const Output& out, const Entry& entry, const boost::json::object& mailbox) {
  const auto marks = names_of(entry.marks);
  out.line(printable(entry.folder) + "  " + std::to_string(entry.bytes) + "  " + printable(entry.name) +
           (marks.empty() ? "" : "  " + join(marks, ",")));
  auto value = boost::json::object{{"folder", entry.folder},
                                   {"name", printable(entry.name)},
                                   {"bytes", entry.bytes},
                                   {"received", entry.received},
                                   {"marks", boost::json::array(marks.begin(), marks.end())}};
  for (const auto& each : mailbox) value[each.key()] = each.value();
  out.value(value);
}

// mailbox: what distinguishes it, in JSON, where it is not the one that mail goes to.
Done list(const Output& out, const Storage& storage, bool messages, const boost::json::object& mailbox) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> folders;  // messages, bytes
  PIGEON_TRY(storage.list([&](const Entry& entry) {
    auto& [count, bytes] = folders[entry.folder];
    ++count;
    bytes += entry.bytes;
    if (messages) print_message(out, entry, mailbox);
    return true;
  }));
  if (messages) return {};
  for (const auto& [folder, sums] : folders) {
    out.line(printable(folder) + "  " + counted(sums.first, "message", "messages") + "  " +
             counted(sums.second, "byte", "bytes"));
    auto value = boost::json::object{{"folder", folder}, {"messages", sums.first}, {"bytes", sums.second}};
    for (const auto& each : mailbox) value[each.key()] = each.value();
    out.value(value);
  }
  return {};
}

Done forget_allocation(Session& session, const Mailbox& mailbox) {
  return session.apply({.path = mailbox.principal,
                        .changes = {Change::remove_class(mailbox.storage.allocation_class())},
                        .preconditions = {Precondition::equal("id", mailbox.allocation().id)},
                        .deadline = Session::soon()});
}

// The mailbox takes mail again, and what was begun of another one is deleted.
Done stamp_again(Session& session, const Mailbox& mailbox) {
  PIGEON_TRY(mailbox.storage.adopt());
  std::vector<OtherMailbox> begun;
  for (auto& other :
       PIGEON_TRY(other_mailboxes(session, mailbox.principal, mailbox.allocation().principal))) {
    if (other.allocation.id == mailbox.allocation().id) {
      PIGEON_TRY(forget(session, other));
    } else if (!other.is_whole) {
      begun.push_back(std::move(other));
    }
  }
  PIGEON_TRY(mark_ready(session, mailbox));
  auto purged = purge_others(session, std::move(begun));
  if (purged) return {};
  return std::move(purged).failure().while_doing(
      "delete what was begun (the mailbox itself takes mail again)");
}

Done take_back(Session& session, const Mailbox& mailbox, const std::string& address) {
  PIGEON_TRY(
      while_nobody_moves(session, mailbox, mailbox.moving, [&] { return stamp_again(session, mailbox); }));
  session.out().line("adopted: mail for " + printable(address) + " goes into it from now on");
  return {};
}

// An MDA does not know that it was told where: the same again needs the directory again.
Failure not_adopted(Failure met, const Mailbox& mailbox, const std::string& home) {
  const auto command = "`" + mailbox_command("adopt", mailbox.allocation().principal.address());
  const auto at = met.remedy.find(command + "`");
  if (at != std::string::npos && !home.empty())
    met.remedy.insert(at + command.size(), " " + shell_word(home));
  return met;
}

bool is_id(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  constexpr std::string_view kOf = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return text.size() <= kLongest && text.find_first_not_of(kOf) == std::string_view::npos;
}

}  // namespace

Done mailbox_list(Session& session, const std::string& address, bool messages) {
  const auto mailbox = PIGEON_TRY(standing_mailbox_of(session, address));
  const auto& out = session.out();
  PIGEON_TRY(list(out, mailbox.storage, messages, {}));
  for (const auto& other :
       PIGEON_TRY(other_mailboxes(session, mailbox.principal, mailbox.allocation().principal))) {
    if (other.allocation.id == mailbox.allocation().id) continue;  // of a move that is under way
    const std::string what = other.is_whole                          ? "moved out of"
                             : other.allocation.id == mailbox.moving ? "being moved into"
                                                                     : "left by a move";
    out.line(what + ": " + other.mda + " " + printable(other.allocation.id));
    auto* mda = PIGEON_TRY(PIGEON_TRY(session.plugins())->open(PIGEON_KIND_MDA, other.mda));
    auto allocation = other.allocation;
    allocation.attributes = host::declared_only(allocation.attributes, *mda);
    const boost::json::object shown = {{"mailbox", other.allocation.id}, {"mda", other.mda}, {"state", what}};
    const auto listed = list(out, Storage(*mda, std::move(allocation)), messages, shown);
    if (!listed) out.bad(printable(other.path.text()), listed.failure());
  }
  if (!mailbox.moving.empty())
    out.line("It is being moved; if nobody is at that, " + end_of_move(address) + ".");
  return {};
}

// The allocation is in the tree before the stamp is on the disk, as for any mailbox: whoever is interrupted
// can do the same again.
Done mailbox_adopt(Session& session, const std::string& address, const AdoptOptions& options) {
  auto mailbox = PIGEON_TRY(mailbox_of(session, address));
  if (!mailbox.storage.has(PIGEON_MDA_ADOPT)) return mailbox.storage.adopt();
  const bool is_told_where = !options.home.empty() || !options.id.empty();
  if (is_told_where && mailbox.is_standing) {
    return failure(PIGEON_CONFLICT, "adopt " + printable(options.home) + " for " + printable(address) +
                                        ": there is an allocation already, and it is not changed")
        .with_remedy("leave the directory and --id out to stamp the mailbox that is allocated");
  }
  if (mailbox.is_standing) return take_back(session, mailbox, address);
  if (!options.id.empty() && !is_id(options.id)) {
    return misconfigured("adopt under the id '" + printable(options.id) + "': it is none")
        .with_remedy("give the id that the mailbox is stamped with, letters and digits");
  }
  auto& mda = mailbox.storage.mda();
  host::Allocator allocator(*PIGEON_TRY(session.tree()), *PIGEON_TRY(session.plugins()), session.log());
  auto allocation = mailbox.allocation();
  if (!options.home.empty()) {
    allocation =
        PIGEON_TRY(allocator.propose(mda, allocation.principal, Attributes{{"home", {options.home}}}));
  }
  if (!options.id.empty()) allocation.id = options.id;
  mailbox.storage = Storage(mda, std::move(allocation));
  const auto applied =
      PIGEON_TRY(allocator.commit(mailbox.principal, mailbox.storage.name(), mailbox.allocation(), false,
                                  {Precondition::absent("id")}, std::nullopt, Session::soon()));
  if (applied != Applied::yes)
    return failure(PIGEON_CONFLICT, "a mailbox was allocated meanwhile").with_remedy("try again");
  if (auto adopted = mailbox.storage.adopt(); !adopted) {
    // Nothing was taken over, so nothing stays allocated.
    PIGEON_TRY(forget_allocation(session, mailbox));
    return not_adopted(std::move(adopted).failure(), mailbox, options.home);
  }
  PIGEON_TRY(mark_ready(session, mailbox));
  session.out().line("adopted: mail for " + printable(address) + " goes into it from now on");
  return {};
}

namespace {

Failure is_being_moved(const std::string& address) {
  return failure(PIGEON_CONFLICT, "purge the mailbox of " + printable(address) + ": it is being moved")
      .with_remedy("if nobody is at it, " + end_of_move(address));
}

// A move may have begun while somebody thought about it. So what stands in the tree is looked at after the
// list was made: where nothing is being moved then, nobody will ever switch to what is on the list.
Done purge_retired(Session& session, const Mailbox& mailbox, const std::string& address, bool yes) {
  auto others = PIGEON_TRY(other_mailboxes(session, mailbox.principal, mailbox.allocation().principal));
  const auto holds_mail = [&](const auto& other) { return other.allocation.id != mailbox.allocation().id; };
  if (std::any_of(others.begin(), others.end(), holds_mail))
    PIGEON_TRY(confirm("the mailboxes that " + printable(address) + " was moved out of", yes));
  const auto principal = PIGEON_TRY(standing_object(session, mailbox.principal));
  if (principal.attributes.get("moving")) return is_being_moved(address);
  std::vector<OtherMailbox> old;
  for (auto& other : others) {
    // The one that mail goes to: a move that was interrupted just before its end.
    if (other.allocation.id == principal.attributes.get("id")) {
      PIGEON_TRY(forget(session, other));
    } else {
      old.push_back(std::move(other));
    }
  }
  const auto purged = old.size();
  PIGEON_TRY(purge_others(session, std::move(old)));
  session.out().line(counted(purged, "mailbox", "mailboxes") + " deleted");
  session.out().value(boost::json::object{{"purged", purged}});
  return {};
}

}  // namespace

Done mailbox_purge(Session& session, const std::string& address, const PurgeOptions& options) {
  const auto mailbox = options.retired ? PIGEON_TRY(mailbox_of(session, address))
                                       : PIGEON_TRY(standing_mailbox_of(session, address));
  if (!mailbox.moving.empty()) return is_being_moved(address);
  if (options.retired) return purge_retired(session, mailbox, address, options.yes);
  PIGEON_TRY(confirm(printable(address), options.yes));
  const auto principal = PIGEON_TRY(standing_object(session, mailbox.principal));
  if (principal.attributes.get("moving")) return is_being_moved(address);
  PIGEON_TRY(mailbox.storage.purge());
  return forget_allocation(session, mailbox);
}

Done mailbox_quota(Session& session, const std::string& address, bool recount) {
  const auto mailbox = PIGEON_TRY(standing_mailbox_of(session, address));
  const auto preferences = PIGEON_TRY(mailbox.preferences(mailbox.storage.mda()));
  const auto usage = PIGEON_TRY(mailbox.storage.usage(preferences, recount));
  session.out().line(amount(usage.bytes, usage.bytes_limit, "byte", "bytes"));
  session.out().line(amount(usage.messages, usage.messages_limit, "message", "messages"));
  session.out().value(boost::json::object{{"bytes", usage.bytes},
                                          {"bytesLimit", usage.bytes_limit},
                                          {"messages", usage.messages},
                                          {"messagesLimit", usage.messages_limit}});
  return {};
}

}  // namespace pigeon::control
