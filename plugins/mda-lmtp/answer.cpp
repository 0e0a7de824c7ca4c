// SPDX-License-Identifier: MIT
#include "answer.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace mda_lmtp {
namespace {

using pigeon::Dsn;

// What a status of RFC 3463 means that was said about a recipient or a message. A subject without a detail
// of its own here: whatever else it has. What is not here is temporary.
struct Meaning {
  unsigned short subject;
  unsigned short detail;  // kAny: any other
  pigeon_status status;
  const char* reason;
};
constexpr unsigned short kAny = 1000;
constexpr std::array kMeanings = {
    Meaning{1, 0, PIGEON_UNKNOWN_RECIPIENT, "unknown recipient"},
    Meaning{1, 1, PIGEON_UNKNOWN_RECIPIENT, "unknown recipient"},
    Meaning{1, 6, PIGEON_UNKNOWN_RECIPIENT, "mailbox has moved"},
    Meaning{2, 1, PIGEON_REFUSED, "mailbox is disabled"},
    Meaning{2, 2, PIGEON_REFUSED, "mailbox full"},
    Meaning{2, 3, PIGEON_MESSAGE_REFUSED, "message too large for the mailbox"},
    Meaning{2, kAny, PIGEON_REFUSED, "mailbox does not take the message"},
    Meaning{3, 4, PIGEON_MESSAGE_REFUSED, "message too large"},
    Meaning{4, 6, PIGEON_REFUSED, "message goes round in a loop"},
    Meaning{6, kAny, PIGEON_MESSAGE_REFUSED, "form of the message refused"},
    Meaning{7, kAny, PIGEON_REFUSED, "refused by policy"},
};

// RFC 5321, section 4.2.2, for a server that gives no status. Whatever else has to do with commands and their
// order, or with the server: not the sender's business.
std::optional<Dsn> status_of(unsigned code, Step step) {
  switch (code) {
    case 550:
      return step == Step::recipient ? Dsn{5, 1, 1} : Dsn{5, 7, 0};
    case 551:
    case 553:
      return step == Step::recipient ? std::optional<Dsn>(Dsn{5, 1, 1}) : std::nullopt;
    case 552:
      return step == Step::mail ? Dsn{5, 3, 4} : Dsn{5, 2, 2};
    case 554:
      return step == Step::data ? std::nullopt : std::optional<Dsn>(Dsn{5, 7, 0});
    default:
      return std::nullopt;
  }
}

// Codes that are about us, with whatever status: no such command, log in, no mail taken here.
bool is_about_us(unsigned code) {
  constexpr std::array kCodes = {500U, 501U, 502U, 503U, 504U, 521U, 530U, 534U, 535U, 538U, 555U, 556U};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

std::optional<Meaning> meaning_of(const Reply& reply, Step step) {
  if (!reply.is_permanent() || step == Step::greeting || is_about_us(reply.code)) return std::nullopt;
  auto dsn = reply.dsn;
  // "5.0.0", "other or undefined", says no more than the code does.
  if (dsn.of_class == 0 || (dsn.subject == 0 && dsn.detail == 0)) {
    const auto usual = status_of(reply.code, step);
    if (!usual) return std::nullopt;
    dsn = *usual;
  }
  // RFC 6531, section 3.5: an address is not ASCII. Wherever it is said, it is about an address as we wrote
  // it, and about SMTPUTF8 as we did or did not ask for it; for the header of a message there is 5.6.9.
  if (dsn.subject == 6 && dsn.detail == 7) return std::nullopt;
  const auto* const found = std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& each) {
    return each.subject == dsn.subject && (each.detail == kAny || each.detail == dsn.detail);
  });
  if (found == kMeanings.end()) return std::nullopt;
  // The sender is ours to name, and so is the command. What is left is the size that MAIL announced.
  if (step == Step::mail && found->status != PIGEON_MESSAGE_REFUSED) return std::nullopt;
  return *found;
}

}  // namespace

pigeon::Failure failure_of(const Reply& reply, Step step, Permanent permanent, const std::string& doing) {
  auto met = pigeon::unavailable(doing + ": " + reply.shown());
  if (!reply.is_permanent()) {
    // The status says why; what stands there is for the log.
    if (reply.dsn.of_class == 4) met = std::move(met).with_reason(reply.dsn, "mailbox cannot take mail now");
    return met;
  }
  const auto meaning = meaning_of(reply, step);
  if (!meaning) {
    met.status = PIGEON_MISCONFIGURED;
    return std::move(met).with_remedy("see the log of the other server for what it does not like about us");
  }
  const auto dsn = reply.dsn.of_class == 5 && (reply.dsn.subject != 0 || reply.dsn.detail != 0)
                       ? reply.dsn
                       : *status_of(reply.code, step);
  if (permanent == Permanent::defer) {
    return std::move(met)
        .with_reason({4, dsn.subject, dsn.detail}, meaning->reason)
        .with_remedy("mend it at the other server; \"permanent\": \"pass\" would tell the sender");
  }
  met.status = meaning->status;
  return std::move(met).with_reason(dsn, meaning->reason);
}

}  // namespace mda_lmtp
