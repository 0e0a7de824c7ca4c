// SPDX-License-Identifier: MIT
#include "session.hpp"

#include "address.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace mda_lmtp {
namespace {

using pigeon::Deadline;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

constexpr std::size_t kPiece = 65536;

// Gives a message, piece by piece, as the wire has it.
template <typename Take>
Done each_piece(const Transaction& transaction, WireText& wire, Take&& take) {
  std::string piece;
  for (const auto field : transaction.fields) wire.add(field, piece);
  const auto body = transaction.message.body();
  for (std::size_t at = 0; at < body.size(); at += kPiece) {
    const auto part = body.substr(at, kPiece);
    wire.add(part, piece);
    PIGEON_TRY(take(piece));
    piece.clear();
    // A large message is passed once more, or is done with: its memory can go.
    constexpr std::size_t kLarge = 1U << 20U;
    if (transaction.message.is_mapped() && body.size() > kLarge) pigeon::forget_pages(part);
  }
  wire.end(piece);
  return take(piece);
}

}  // namespace

Session::Session(Connection connection, std::string shown)
    : connection_(std::move(connection)), shown_(std::move(shown)), owner_(::getpid()) {}

Session::~Session() {
  // A child of fork has the connection, too, and must not end the conversation.
  if (!is_broken_ && owner_ == ::getpid()) connection_.say_in_passing("QUIT\r\n");
}

bool Session::is_usable() const {
  return !is_broken_ && owner_ == ::getpid() && connection_.is_quiet();
}

Result<std::unique_ptr<Session>> Session::open(const Server& server, const std::string& name,
                                               Deadline deadline) {
  auto connected = server.connect(deadline);
  if (!connected) return std::move(connected).failure().while_doing("deliver by LMTP");
  auto session = std::make_unique<Session>(Connection(*std::move(connected)), server.shown());
  if (auto greeted = session->greet(name, deadline); !greeted) {
    session->is_broken_ = true;
    auto met = std::move(greeted).failure().while_doing("greet the server " + server.shown());
    if (met.remedy.empty())
      met.remedy = "see the log of the other server; it must speak LMTP there, not SMTP";
    return met;
  }
  return session;
}

Done Session::greet(const std::string& name, Deadline deadline) {
  const auto greeting = PIGEON_TRY(connection_.reply(deadline));
  if (!greeting.is_positive()) return failure_of(greeting, Step::greeting, Permanent::pass, "its greeting");
  const auto offered = PIGEON_TRY(ask("LHLO " + name + "\r\n", deadline));
  if (!offered.is_positive()) return failure_of(offered, Step::greeting, Permanent::pass, "LHLO " + name);
  for (std::size_t at = 1; at < offered.lines.size(); ++at) {  // the first one is its name
    const auto& line = offered.lines[at];
    const auto word = std::string_view(line).substr(0, line.find(' '));
    offers_.pipelining = offers_.pipelining || pigeon::same_name(word, "PIPELINING");
    offers_.eight_bits = offers_.eight_bits || pigeon::same_name(word, "8BITMIME");
    offers_.size = offers_.size || pigeon::same_name(word, "SIZE");
    offers_.utf8 = offers_.utf8 || pigeon::same_name(word, "SMTPUTF8");
  }
  return {};
}

Result<Reply> Session::ask(const std::string& commands, Deadline deadline) {
  PIGEON_TRY(connection_.send(commands, deadline));
  return connection_.reply(deadline);
}

std::string Session::doing(const Mailbox& mailbox) const {
  return "deliver to " + pigeon::printable(mailbox.address) + " by " + shown_;
}

std::string Session::mail_command(const Transaction& transaction, const Manner& manner) const {
  auto command = "MAIL FROM:<" + transaction.sender + ">";
  WireText wire(manner.forbidden);
  static_cast<void>(each_piece(transaction, wire, [](const std::string& /*piece*/) { return Done(); }));
  if (offers_.size) command += " SIZE=" + std::to_string(wire.octets());
  if (offers_.eight_bits && wire.has_eight_bits()) command += " BODY=8BITMIME";
  const bool has_utf8 = needs_utf8(transaction.sender) ||
                        std::any_of(transaction.mailboxes.begin(), transaction.mailboxes.end(),
                                    [](const Mailbox& each) { return needs_utf8(each.address); });
  if (has_utf8) command += " SMTPUTF8";
  return command + "\r\n";
}

// Gives those an outcome that this server can have no command for. True: some are left.
bool Session::can_write(Transaction& transaction) const {
  bool has_some = false;
  for (auto& each : transaction.mailboxes) {
    if (!offers_.utf8 && (needs_utf8(each.address) || needs_utf8(transaction.sender))) {
      each.outcome = pigeon::misconfigured(doing(each) + ": an address is not ASCII (sender " +
                                           pigeon::printable(transaction.sender) +
                                           "), and the server does not offer SMTPUTF8")
                         .with_reason({4, 6, 7}, "address cannot be handed on");
      // Without the folder in its address, the mail may be handed on, unless it is the sender's that cannot.
      each.is_refused = !needs_utf8(transaction.sender);
    }
    has_some = has_some || !each.outcome;
  }
  return has_some;
}

// Any reply may be the last one.
Result<Reply> Session::answer_before_message(Deadline deadline) {
  auto reply = PIGEON_TRY(connection_.reply(deadline));
  if (reply.is_farewell()) return pigeon::unavailable("the server takes its leave: " + reply.shown());
  return reply;
}

// 3xx answers nothing but DATA, and the replies after it are anybody's: as if there were none.
Result<Reply> Session::no_question(Result<Reply> reply) {
  if (reply && reply->code / 100 == 3) return pigeon::unavailable("the server wants more: " + reply->shown());
  return reply;
}

// MAIL, RCPT and DATA; in one go if the server can take them so (RFC 2920).
Result<Session::Begun> Session::begin(Transaction& transaction, const Manner& manner) {
  const auto deadline = transaction.deadline;
  std::vector<Mailbox*> asked;
  for (auto& each : transaction.mailboxes) {
    if (!each.outcome) asked.push_back(&each);
  }
  auto commands = mail_command(transaction, manner);
  if (offers_.pipelining) {
    for (const auto* each : asked) commands += "RCPT TO:<" + each->address + ">\r\n";
    commands += "DATA\r\n";
  }
  PIGEON_TRY(connection_.send(commands, deadline));
  Begun begun;
  const auto mail = PIGEON_TRY(no_question(answer_before_message(deadline)));
  for (auto* each : asked) {
    if (!offers_.pipelining && !mail.is_positive()) break;
    if (!offers_.pipelining) PIGEON_TRY(connection_.send("RCPT TO:<" + each->address + ">\r\n", deadline));
    const auto recipient = PIGEON_TRY(no_question(answer_before_message(deadline)));
    if (!mail.is_positive()) continue;
    if (recipient.is_positive()) {
      begun.accepted.push_back(each);
    } else {
      each->outcome =
          failure_of(recipient, Step::recipient, manner.permanent, doing(*each) + ": RCPT was answered");
      each->is_refused = recipient.is_permanent();
    }
  }
  if (!mail.is_positive()) {
    for (auto* each : asked)
      each->outcome = failure_of(mail, Step::mail, manner.permanent, doing(*each) + ": MAIL was answered");
  }
  if (!offers_.pipelining && begun.accepted.empty()) {
    begun.is_over = PIGEON_TRY(ask("RSET\r\n", deadline)).is_positive();
    return begun;
  }
  if (!offers_.pipelining) PIGEON_TRY(connection_.send("DATA\r\n", deadline));
  const auto data = PIGEON_TRY(answer_before_message(deadline));
  begun.has_go_ahead = data.code == 354;
  if (begun.has_go_ahead) return begun;
  for (auto* each : begun.accepted)
    each->outcome = failure_of(data, Step::data, manner.permanent, doing(*each) + ": DATA was answered");
  begun.accepted.clear();
  // Some servers still hold the sender and recipients; and a success where there can be none is no LMTP.
  begun.is_over = !data.is_positive() && PIGEON_TRY(ask("RSET\r\n", deadline)).is_positive();
  return begun;
}

// Without its final dot: what fails here has stored nothing.
Done Session::send_message(const Transaction& transaction, const Manner& manner) {
  WireText wire(manner.forbidden);
  PIGEON_TRY(each_piece(transaction, wire, [&](const std::string& piece) -> Done {
    if (transaction.deadline.passed())
      return pigeon::failure(PIGEON_TIMEOUT, "the server did not take the message in time");
    return connection_.send(piece, transaction.deadline);
  }));
  return heard_nothing(transaction.deadline);
}

// What a server says too early would be taken for its answer to the message, and each answer after it for
// that of another recipient.
Done Session::heard_nothing(Deadline deadline) {
  if (connection_.is_quiet()) return {};
  const auto said = PIGEON_TRY(connection_.reply(deadline));
  return pigeon::unavailable("the server did not wait for its end: " + said.shown());
}

// The message ends; from here on it may be stored, whatever we hear of it. A reply for each recipient, in
// their order (RFC 2033, section 4.2).
void Session::finish(const Transaction& transaction, const std::vector<Mailbox*>& accepted,
                     const Manner& manner) {
  auto ended = connection_.send(".\r\n", transaction.deadline);
  bool has_left = false;
  std::optional<Failure> met;
  if (!ended) met = std::move(ended).failure();
  for (auto* each : accepted) {
    const auto reply = met ? Result<Reply>(*met) : no_question(connection_.reply(transaction.deadline));
    if (!reply) {
      met = reply.failure();
      auto unknown = Failure(*met).while_doing(doing(*each) + ": after the message was sent");
      unknown.may_have_happened = true;
      each->outcome = std::move(unknown);
    } else if (reply->is_positive()) {
      each->outcome = pigeon::Stored{.where = shown_ + " " + each->address + ": " + reply->shown()};
    } else {
      each->outcome =
          failure_of(*reply, Step::message, manner.permanent, doing(*each) + ": the message was answered");
      has_left = has_left || reply->is_farewell();
    }
  }
  is_broken_ = met || has_left;
}

Done Session::transact(Transaction& transaction, const Manner& manner) {
  if (!can_write(transaction)) return {};
  std::vector<Mailbox> as_it_was = transaction.mailboxes;
  is_broken_ = true;
  auto begun = begin(transaction, manner);
  if (!begun) {
    const bool has_outcomes = std::all_of(transaction.mailboxes.begin(), transaction.mailboxes.end(),
                                          [](const Mailbox& each) { return each.outcome.has_value(); });
    if (has_outcomes) return {};
    transaction.mailboxes = std::move(as_it_was);
    return std::move(begun).failure().while_doing("deliver by " + shown_);
  }
  is_broken_ = !begun->is_over;
  // Where it waits for a message that nobody would get, it must not see as much as the end of one.
  if (!begun->has_go_ahead || begun->accepted.empty()) return {};
  if (auto sent = send_message(transaction, manner); !sent) {
    for (auto* each : begun->accepted)
      each->outcome = Failure(sent.failure()).while_doing(doing(*each) + ": while the message was sent");
    return {};
  }
  finish(transaction, begun->accepted, manner);
  return {};
}

}  // namespace mda_lmtp
