// SPDX-License-Identifier: MIT
#include "mailboxes.hpp"

#include <sql-mailbox/dialect.hpp>
#include <sql-mailbox/reading.hpp>

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace mda_sqlite {
namespace {

using sql_mailbox::Item;
using sql_mailbox::State;

constexpr const char* kPlugin = "mda-sqlite";
constexpr std::size_t kLargestPart = 256UL << 10U;
// A message that fills more of the log than is read in passing.
constexpr std::uint64_t kLargeMessage = 1UL << 20U;

const sql_mailbox::Dialect& dialect() {
  return sql_mailbox::sqlite_dialect();
}

Failure no_foreign(const std::string& what) {
  return pigeon::failure(PIGEON_UNSUPPORTED, what + ": no other program makes mailboxes of this format");
}

}  // namespace

Mailboxes::Mailboxes(std::string base, home_template::HomeTemplate home,
                     std::chrono::nanoseconds busy_timeout, bool indexes_fields)
    : base_(std::move(base)),
      home_(std::move(home)),
      busy_timeout_(busy_timeout),
      options_{.largest_part = kLargestPart, .indexes_fields = indexes_fields} {}

Result<std::unique_ptr<Mailboxes>> Mailboxes::open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
  auto home = PIGEON_TRY(home_template::HomeTemplate::parse(settings.text("home"), kPlugin));
  auto base = settings.text("base");
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  return std::make_unique<Mailboxes>(std::move(base), std::move(home), settings.time("busyTimeout"),
                                     settings.is_true("indexFields"));
}

Deadline Mailboxes::patience(Deadline deadline) const {
  return Deadline::in(std::min(deadline.left(), busy_timeout_));
}

Result<pigeon::Attributes> Mailboxes::propose(const pigeon::Principal& principal,
                                              const pigeon::Attributes& requests) {
  const auto request = requests.get("home");
  const auto home = request ? PIGEON_TRY(home_template::requested_home(*request, base_, kPlugin))
                            : PIGEON_TRY(home_.home_of(principal));
  return pigeon::Attributes{{"home", {home}}};
}

Done Mailboxes::ensure(const Allocation& allocation, Deadline deadline) {
  const auto base = PIGEON_TRY(pigeon::open_base(base_));
  auto home = PIGEON_TRY(pigeon::make_path(base, PIGEON_TRY(home_template::allocated_home(allocation))));
  const auto lock = PIGEON_TRY(HomeLock::take(home, deadline));
  const auto place = place_in(home.shown());
  const auto file = PIGEON_TRY(MailFile::create(std::move(home), patience(deadline)));
  return sql_mailbox::Mailboxes(*file, dialect()).make(place, allocation);
}

Result<Mailboxes::Opened> Mailboxes::find(const Allocation& allocation, Deadline deadline) const {
  const auto base = PIGEON_TRY(pigeon::open_base(base_));
  const auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  auto home = PIGEON_TRY(base.find(path));
  const auto place = place_in(base.below(path));
  auto file = home ? PIGEON_TRY(MailFile::open(*std::move(home), patience(deadline))) : nullptr;
  if (!file) return sql_mailbox::gone(place, allocation);
  return Opened{std::move(file), place};
}

// Opened for each batch: a file system may have been unmounted since the last one.
void Mailboxes::deliver(std::span<pigeon::Delivery> batch) {
  std::map<std::string, std::vector<const pigeon::Delivery*>> by_home;
  for (const auto& delivery : batch) {
    const auto home = home_template::allocated_home(delivery.allocation());
    if (home) {
      by_home[*home].push_back(&delivery);
    } else {
      delivery.answer(home.failure());
    }
  }
  for (const auto& [home, deliveries] : by_home) deliver_to(deliveries);
}

void Mailboxes::deliver_to(const std::vector<const pigeon::Delivery*>& deliveries) const {
  const auto shortest = std::min_element(
      deliveries.begin(), deliveries.end(),
      [](const auto* a, const auto* b) { return a->deadline().value() < b->deadline().value(); });
  const auto deadline = (*shortest)->deadline();
  std::vector<Item> items;
  Done done;
  if (auto opened = find(deliveries.front()->allocation(), deadline)) {
    std::vector<Item*> pending;
    for (const auto* delivery : deliveries) {
      auto item = Item::of(*delivery, opened->place);
      if (item) items.push_back(*std::move(item));
      if (delivery->message().size() > kLargeMessage) opened->file->expect_large_log();
    }
    for (auto& item : items) pending.push_back(&item);
    done = items.size() == deliveries.size()
               ? attempt(*opened, pending, deadline)
               : Done(pigeon::temporary("deliver into " + opened->place.shown + ": no random bytes"));
  } else {
    done = std::move(opened).failure();
  }
  // One that is short of time does not keep the others from having theirs.
  std::vector<const pigeon::Delivery*> again;
  for (std::size_t index = 0; index < deliveries.size(); ++index) {
    if (done) {
      deliveries[index]->answer(*items[index].outcome);
    } else if (done.failure().status == PIGEON_BUSY && deadline.passed() &&
               !deliveries[index]->deadline().passed()) {
      again.push_back(deliveries[index]);
    } else {
      deliveries[index]->answer(done.failure());
    }
  }
  if (!again.empty()) deliver_to(again);
}

Done Mailboxes::attempt(const Opened& opened, const std::vector<Item*>& items, Deadline deadline) const {
  if (deadline.passed() && items.size() == 1)
    return pigeon::failure(PIGEON_TIMEOUT, "deliver into " + opened.place.shown + ": the time is over");
  return sql_mailbox::Batch(*opened.file, dialect(), options_).attempt(items);
}

Done Mailboxes::list(const Allocation& allocation, Deadline deadline,
                     const std::function<bool(const pigeon::Entry&)>& visit) {
  if (allocation.id.empty()) return no_foreign("list a mailbox");
  const auto opened = PIGEON_TRY(find(allocation, deadline));
  return sql_mailbox::Reading(*opened.file, dialect(), opened.place).list(allocation, deadline, visit);
}

Done Mailboxes::read(const Allocation& allocation, const std::string& folder, const std::string& name,
                     Deadline deadline, const std::function<bool(std::string_view)>& give) {
  if (allocation.id.empty()) return no_foreign("read a mailbox");
  const auto opened = PIGEON_TRY(find(allocation, deadline));
  return sql_mailbox::Reading(*opened.file, dialect(), opened.place)
      .read(allocation, folder, name, deadline, give);
}

Done Mailboxes::adopt(const Allocation& allocation, Deadline deadline) {
  const auto opened = PIGEON_TRY(find(allocation, deadline));
  return sql_mailbox::Mailboxes(*opened.file, dialect()).adopt(opened.place, allocation);
}

Done Mailboxes::retire(const Allocation& allocation, Deadline deadline) {
  const auto opened = PIGEON_TRY(find(allocation, deadline));
  const bool was_there = PIGEON_TRY(
      sql_mailbox::Mailboxes(*opened.file, dialect()).end(opened.place, allocation, State::retired));
  return was_there ? Done() : Done(sql_mailbox::gone(opened.place, allocation));
}

// First nobody delivers any more, then the file has no name any more, then what is left of it is removed.
Done Mailboxes::purge(const Allocation& allocation, Deadline deadline) {
  const auto base = PIGEON_TRY(pigeon::open_base(base_));
  const auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  auto home = PIGEON_TRY(base.find(path));
  if (!home) return {};
  const auto lock = PIGEON_TRY(HomeLock::take(*home, deadline));
  auto own = PIGEON_TRY(home->find("."));
  const auto file = own ? PIGEON_TRY(MailFile::open(*std::move(own), patience(deadline))) : nullptr;
  if (file) {
    const auto place = place_in(home->shown());
    sql_mailbox::Mailboxes mailboxes(*file, dialect());
    if (!PIGEON_TRY(mailboxes.end(place, allocation, State::purged)))
      PIGEON_TRY(mailboxes.make(place, allocation));  // which refuses mail that bears no stamp
  }
  PIGEON_TRY(remove_files(*home));
  // The home may hold files of other programs; then it stays.
  const auto slash = path.rfind('/');
  const auto above = PIGEON_TRY(base.find(slash == std::string::npos ? "." : path.substr(0, slash)));
  if (!above) return {};
  ::unlinkat(above->fd(), path.substr(slash == std::string::npos ? 0 : slash + 1).c_str(), AT_REMOVEDIR);
  return above->flush();
}

Result<pigeon::Usage> Mailboxes::usage(const Allocation& allocation, const pigeon::Settings& preferences,
                                       bool recount, Deadline deadline) {
  const auto opened = PIGEON_TRY(find(allocation, deadline));
  return sql_mailbox::Reading(*opened.file, dialect(), opened.place).usage(allocation, preferences, recount);
}

Done Mailboxes::initialize(const pigeon_schema& /*schema*/, Deadline /*deadline*/) {
  return pigeon::make_base(base_);
}

Done Mailboxes::check(Deadline /*deadline*/) {
  return home_template::check_base(base_);
}

}  // namespace mda_sqlite
