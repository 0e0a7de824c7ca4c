// SPDX-License-Identifier: MIT
#include "mailboxes.hpp"

#include <mailbox-rules/files.hpp>
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
using sql_mailbox::Place;
using sql_mailbox::State;

constexpr std::size_t kLargestPart = 256UL << 10U;
// Of those that are kept open, each has four descriptors.
constexpr std::size_t kMostKept = 8;

const sql_mailbox::Dialect& dialect() {
  return sql_mailbox::sqlite_dialect();
}

}  // namespace

Mailboxes::Mailboxes(home_template::Homes homes, std::chrono::nanoseconds busy_timeout, bool indexes_fields)
    : homes_(std::move(homes)),
      busy_timeout_(busy_timeout),
      options_{.largest_part = kLargestPart, .indexes_fields = indexes_fields} {}

Result<std::unique_ptr<Mailboxes>> Mailboxes::open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
  auto homes = PIGEON_TRY(home_template::Homes::of(settings, "mda-sqlite"));
  return std::make_unique<Mailboxes>(std::move(homes), settings.time("busyTimeout"),
                                     settings.is_true("indexFields"));
}

Deadline Mailboxes::patience(Deadline deadline) const {
  return Deadline::in(std::min(deadline.left(), busy_timeout_));
}

Result<Mailboxes::Home> Mailboxes::find(const Allocation& allocation) const {
  auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  auto directory = PIGEON_TRY(base.find(path));
  auto place = place_in(base.below(path));
  return Home{std::move(base), std::move(path), std::move(directory), std::move(place)};
}

void Mailboxes::let_go(const std::string& path) {
  std::erase_if(kept_, [&](const Kept& each) { return each.path == path; });
}

void Mailboxes::keep(const std::string& path, std::unique_ptr<MailFile> file) {
  let_go(path);
  if (kept_.size() == kMostKept) kept_.erase(kept_.begin());
  kept_.push_back({path, std::move(file)});
}

Result<MailFile*> Mailboxes::use(const Home& home, const Allocation& allocation, Deadline deadline) {
  const auto kept =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& each) { return each.path == home.path; });
  if (kept != kept_.end()) {
    const auto is_same = home.directory ? kept->file->is_in(*home.directory) : Result<bool>(false);
    if (is_same && *is_same) {
      std::rotate(kept, kept + 1, kept_.end());
      kept_.back().file->wait_until(patience(deadline));
      return kept_.back().file.get();
    }
    kept_.erase(kept);
  }
  auto own = home.directory ? PIGEON_TRY(home.directory->find(".")) : std::nullopt;
  auto file = own ? PIGEON_TRY(MailFile::open(*std::move(own), patience(deadline))) : nullptr;
  if (!file) return sql_mailbox::gone(home.place, allocation);
  keep(home.path, std::move(file));
  return kept_.back().file.get();
}

template <typename T, typename Call>
Result<T> Mailboxes::on_mailbox(const Allocation& allocation, Deadline deadline, Call&& call) {
  const auto home = PIGEON_TRY(find(allocation));
  auto* file = PIGEON_TRY(use(home, allocation, deadline));
  Result<T> done = call(*file, home.place);
  if (file->has_failed()) let_go(home.path);
  return done;
}

Done Mailboxes::ensure(const Allocation& allocation, Deadline deadline) {
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  const auto path = PIGEON_TRY(home_template::allocated_home(allocation));
  auto home = PIGEON_TRY(pigeon::make_path(base, path));
  const auto lock = PIGEON_TRY(HomeLock::take(home, deadline));
  const auto place = place_in(home.shown());
  auto file = PIGEON_TRY(MailFile::create(std::move(home), patience(deadline)));
  PIGEON_TRY(sql_mailbox::Mailboxes(*file, dialect()).make(place, allocation));
  keep(path, std::move(file));
  return {};
}

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

void Mailboxes::deliver_to(const std::vector<const pigeon::Delivery*>& deliveries) {
  const auto shortest = std::min_element(
      deliveries.begin(), deliveries.end(),
      [](const auto* a, const auto* b) { return a->deadline().value() < b->deadline().value(); });
  const auto deadline = (*shortest)->deadline();
  std::vector<Item> items;
  items.reserve(deliveries.size());
  const auto done = attempt(items, deliveries, deadline);
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

Done Mailboxes::attempt(std::vector<Item>& items, const std::vector<const pigeon::Delivery*>& deliveries,
                        Deadline deadline) {
  return on_mailbox<void>(deliveries.front()->allocation(), deadline,
                          [&](MailFile& file, const Place& place) -> Done {
                            std::vector<Item*> pending;
                            for (const auto* delivery : deliveries) {
                              items.push_back(PIGEON_TRY(Item::of(*delivery, place)));
                              pending.push_back(&items.back());
                            }
                            return sql_mailbox::Batch(file, dialect(), options_).attempt(pending);
                          });
}

Done Mailboxes::list(const Allocation& allocation, Deadline deadline,
                     const std::function<bool(const pigeon::Entry&)>& visit) {
  if (allocation.id.empty()) return sql_mailbox::no_foreign("list a mailbox");
  return on_mailbox<void>(allocation, deadline, [&](MailFile& file, const Place& place) {
    return sql_mailbox::Reading(file, dialect(), place).list(allocation, deadline, visit);
  });
}

Done Mailboxes::read(const Allocation& allocation, const std::string& folder, const std::string& name,
                     Deadline deadline, const std::function<bool(std::string_view)>& give) {
  if (allocation.id.empty()) return sql_mailbox::no_foreign("read a mailbox");
  return on_mailbox<void>(allocation, deadline, [&](MailFile& file, const Place& place) {
    return sql_mailbox::Reading(file, dialect(), place).read(allocation, folder, name, deadline, give);
  });
}

Done Mailboxes::adopt(const Allocation& allocation, Deadline deadline) {
  return on_mailbox<void>(allocation, deadline, [&](MailFile& file, const Place& place) {
    return sql_mailbox::Mailboxes(file, dialect()).adopt(place, allocation);
  });
}

Done Mailboxes::retire(const Allocation& allocation, Deadline deadline) {
  return on_mailbox<void>(allocation, deadline, [&](MailFile& file, const Place& place) {
    return sql_mailbox::Mailboxes(file, dialect()).retire(place, allocation);
  });
}

// First nobody delivers any more, then the file has no name any more, then what is left of it is removed.
Done Mailboxes::purge(const Allocation& allocation, Deadline deadline) {
  const auto home = PIGEON_TRY(find(allocation));
  if (!home.directory) return {};
  const auto lock = PIGEON_TRY(HomeLock::take(*home.directory, deadline));
  if (auto file = use(home, allocation, deadline)) {
    sql_mailbox::Mailboxes mailboxes(**file, dialect());
    if (!PIGEON_TRY(mailboxes.end(home.place, allocation, State::purged)))
      PIGEON_TRY(mailboxes.make(home.place, allocation));  // which refuses mail that bears no stamp
  } else if (PIGEON_TRY(has_file(*home.directory))) {
    auto own = PIGEON_TRY(home.directory->find("."));
    const bool is_blank = own && PIGEON_TRY(MailFile::is_blank(*std::move(own), patience(deadline)));
    if (!is_blank) return std::move(file).failure();
  }
  let_go(home.path);
  PIGEON_TRY(remove_files(*home.directory));
  return mailbox_rules::remove_home(home.base, home.path);
}

Result<pigeon::Usage> Mailboxes::usage(const Allocation& allocation, const pigeon::Settings& preferences,
                                       bool recount, Deadline deadline) {
  return on_mailbox<pigeon::Usage>(allocation, deadline, [&](MailFile& file, const Place& place) {
    return sql_mailbox::Reading(file, dialect(), place).usage(allocation, preferences, recount);
  });
}

Done Mailboxes::initialize(const pigeon_schema& /*schema*/, Deadline /*deadline*/) {
  return pigeon::make_base(homes_.base());
}

Done Mailboxes::check(Deadline /*deadline*/) {
  return home_template::check_base(homes_.base());
}

}  // namespace mda_sqlite
