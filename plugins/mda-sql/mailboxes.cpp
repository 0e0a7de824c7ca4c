// SPDX-License-Identifier: MIT
#include "mailboxes.hpp"

#include <sql-mailbox/dialect.hpp>
#include <sql-mailbox/reading.hpp>

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <utility>

namespace mda_sql {
namespace {

using sql_mailbox::Item;
using sql_mailbox::State;

const sql_mailbox::Dialect& dialect() {
  return sql_mailbox::mysql_dialect();
}

Failure too_late() {
  return pigeon::failure(PIGEON_TIMEOUT, "ask for mail: the time is over");
}

}  // namespace

Result<std::unique_ptr<Mailboxes>> Mailboxes::open(pigeon::Host host, const pigeon::Settings& settings) {
  auto account = PIGEON_TRY(Account::of(settings, "mda-sql"));
  return std::make_unique<Mailboxes>(
      host, std::move(account), settings.text("layout") == "shared" ? Layout::shared : Layout::table_per_user,
      settings.is_true("indexFields"));
}

Result<Session*> Mailboxes::connect(Deadline deadline) {
  if (deadline.passed()) return too_late();
  if (session_ && !session_->can_wait_until(deadline)) session_.reset();
  if (!session_) {
    session_ = PIGEON_TRY(servers_.first_that_answers(
        deadline, [&](const Server& server) { return Session::open(servers_.account(), server, deadline); }));
  }
  // Each user's own table has statements of its own.
  constexpr std::size_t kMostStatements = 200;
  session_->forget_statements_beyond(kMostStatements);
  return session_.get();
}

bool Mailboxes::recovers(const Failure& failure, sql_database::Retries& made, Deadline deadline) {
  using Course = Session::Course;
  // Of what has failed without a session, all was tried.
  if (!session_) return false;
  const auto course = session_->course();
  if (course == Course::again && !failure.may_have_happened) {
    sql_database::pause(deadline, made.conflicts++);
    return !deadline.passed();
  }
  if (course != Course::elsewhere && !failure.may_have_happened) return false;
  session_.reset();
  if (deadline.passed()) return false;
  if (made.losses > 0) servers_.pass_over();
  return made.losses++ <= static_cast<int>(servers_.count());
}

template <typename T, typename Call>
Result<T> Mailboxes::on_session(Deadline deadline, Call&& call) {
  sql_database::Retries made;
  for (;;) {
    auto session = connect(deadline);
    Result<T> done = session ? call(**session) : Result<T>(std::move(session).failure());
    if (done || !recovers(done.failure(), made, deadline)) return done;
  }
}

Result<pigeon::Attributes> Mailboxes::propose(const pigeon::Principal& principal,
                                              const pigeon::Attributes& requests) {
  const auto mailbox = PIGEON_TRY(mailbox_name(principal));
  pigeon::Attributes proposed{{"mailbox", {mailbox}}};
  const auto request = requests.get("table");
  if (request && !is_table_name(*request)) {
    return pigeon::misconfigured("use the requested table '" + pigeon::printable(request->substr(0, 64)) +
                                 "': it is no name of a user's own table")
        .with_remedy(
            "request a name of \"mail_\", small letters, digits and \"_\", such as table=mail_alice");
  }
  if (request) {
    proposed.set("table", std::string(*request));
  } else if (layout_ == Layout::table_per_user) {
    proposed.set("table", table_name(mailbox));
  }
  return proposed;
}

Done Mailboxes::ensure(const Allocation& allocation, Deadline deadline) {
  const auto place = PIGEON_TRY(place_of(allocation, shown()));
  return on_session<void>(deadline, [&](Session& session) {
    return sql_mailbox::Mailboxes(session, dialect()).make(place, allocation);
  });
}

void Mailboxes::give_up_late(std::vector<Item*>& pending) {
  std::erase_if(pending, [&](const Item* item) {
    if (!item->delivery->deadline().passed()) return false;
    item->answer(too_late());
    return true;
  });
}

Done Mailboxes::attempt(const std::vector<Item*>& pending, Deadline deadline) {
  auto* session = PIGEON_TRY(connect(deadline));
  const sql_mailbox::Options options{.largest_part = session->largest_part(),
                                     .most_together = session->most_together(),
                                     .indexes_fields = indexes_fields_};
  return sql_mailbox::Batch(*session, dialect(), options).attempt(pending);
}

void Mailboxes::deliver(std::span<pigeon::Delivery> batch) {
  std::vector<Item> items;
  items.reserve(batch.size());
  for (const auto& delivery : batch) {
    auto place = place_of(delivery.allocation(), shown());
    auto item = place ? Item::of(delivery, *std::move(place)) : Result<Item>(std::move(place).failure());
    if (item) {
      items.push_back(*std::move(item));
    } else {
      delivery.answer(item.failure());
    }
  }
  std::vector<Item*> pending;
  for (auto& item : items) pending.push_back(&item);
  sql_database::Retries made;
  for (;;) {
    give_up_late(pending);
    if (pending.empty()) return;
    const auto* shortest =
        *std::min_element(pending.begin(), pending.end(), [](const Item* a, const Item* b) {
          return a->delivery->deadline().value() < b->delivery->deadline().value();
        });
    const auto deadline = shortest->delivery->deadline();
    auto done = attempt(pending, deadline);
    if (done) break;
    // One that is short of time does not keep the others from having theirs.
    if (recovers(done.failure(), made, deadline) || (deadline.passed() && pending.size() > 1)) continue;
    // What it may have stored, each knows for itself.
    done.failure().may_have_happened = false;
    for (auto* item : pending) item->outcome = done.failure();
    break;
  }
  for (const auto* item : pending) item->answer(*item->outcome);
}

Done Mailboxes::list(const Allocation& allocation, Deadline deadline,
                     const std::function<bool(const pigeon::Entry&)>& visit) {
  if (allocation.id.empty()) return sql_mailbox::no_foreign("list a mailbox");
  const auto place = PIGEON_TRY(place_of(allocation, shown()));
  // What was shown is not shown again.
  bool has_begun = false;
  const auto visit_once = [&](const pigeon::Entry& entry) { return has_begun = true, visit(entry); };
  return on_session<void>(deadline, [&](Session& session) -> Done {
    if (has_begun) return pigeon::unavailable("list mailbox " + place.shown + ": the connection was lost");
    return sql_mailbox::Reading(session, dialect(), place).list(allocation, deadline, visit_once);
  });
}

Done Mailboxes::read(const Allocation& allocation, const std::string& folder, const std::string& name,
                     Deadline deadline, const std::function<bool(std::string_view)>& give) {
  if (allocation.id.empty()) return sql_mailbox::no_foreign("read a mailbox");
  const auto place = PIGEON_TRY(place_of(allocation, shown()));
  bool has_begun = false;
  const auto give_once = [&](std::string_view bytes) { return has_begun = true, give(bytes); };
  return on_session<void>(deadline, [&](Session& session) -> Done {
    if (has_begun) return pigeon::unavailable("read mailbox " + place.shown + ": the connection was lost");
    return sql_mailbox::Reading(session, dialect(), place)
        .read(allocation, folder, name, deadline, give_once);
  });
}

Done Mailboxes::adopt(const Allocation& allocation, Deadline deadline) {
  const auto place = PIGEON_TRY(place_of(allocation, shown()));
  return on_session<void>(deadline, [&](Session& session) {
    return sql_mailbox::Mailboxes(session, dialect()).adopt(place, allocation);
  });
}

Done Mailboxes::retire(const Allocation& allocation, Deadline deadline) {
  const auto place = PIGEON_TRY(place_of(allocation, shown()));
  return on_session<void>(deadline, [&](Session& session) {
    return sql_mailbox::Mailboxes(session, dialect()).retire(place, allocation);
  });
}

Done Mailboxes::purge(const Allocation& allocation, Deadline deadline) {
  const auto place = PIGEON_TRY(place_of(allocation, shown()));
  auto purged = on_session<void>(deadline, [&](Session& session) -> Done {
    // One at a time: as soon as the row is gone, a new mailbox may have a table of the same name.
    PIGEON_TRY(session.lock_for_purge(place));
    sql_mailbox::Mailboxes mailboxes(session, dialect());
    if (!PIGEON_TRY(mailboxes.end(place, allocation, State::purged))) return {};
    return mailboxes.remove(place, allocation);
  });
  session_.reset();  // and with it the lock
  return purged;
}

Result<pigeon::Usage> Mailboxes::usage(const Allocation& allocation, const pigeon::Settings& preferences,
                                       bool recount, Deadline deadline) {
  const auto place = PIGEON_TRY(place_of(allocation, shown()));
  return on_session<pigeon::Usage>(deadline, [&](Session& session) {
    return sql_mailbox::Reading(session, dialect(), place).usage(allocation, preferences, recount);
  });
}

Done Mailboxes::initialize(const pigeon_schema& /*schema*/, Deadline deadline) {
  session_.reset();
  const auto bare = PIGEON_TRY(servers_.first_that_answers(deadline, [&](const Server& server) {
    return Session::open_bare(servers_.account(), server, deadline);
  }));
  return bare->initialize(servers_.account());
}

Done Mailboxes::check(Deadline deadline) {
  auto* session = PIGEON_TRY(connect(deadline));
  const auto doubt = PIGEON_TRY(session->doubt());
  if (!doubt.empty()) host_.warning("mailboxes " + session->shown() + ": " + doubt);
  return {};
}

}  // namespace mda_sql
