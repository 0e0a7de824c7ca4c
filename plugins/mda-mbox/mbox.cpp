// SPDX-License-Identifier: MIT
#include "mbox.hpp"

#include "folder.hpp"
#include "foreign.hpp"
#include "quota.hpp"
#include "reading.hpp"
#include "splitting.hpp"

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

namespace mda_mbox {

pigeon::Result<std::unique_ptr<Mbox>> Mbox::open(pigeon::Host host, const pigeon::Settings& settings) {
  auto homes = PIGEON_TRY(home_template::Homes::of(settings, "mda-mbox"));
  Rules rules{.quoting = quoting_of(settings.text("quoting")),
              .locks = PIGEON_TRY(LockRules::of(settings.all("locks"), settings.time("staleLock")))};
  return std::make_unique<Mbox>(host, std::move(homes), std::move(rules));
}

pigeon::Result<pigeon::Attributes> Mbox::propose(const pigeon::Principal& principal,
                                                 const pigeon::Attributes& requests) {
  const auto requested = PIGEON_TRY(homes_.requested(requests));
  const auto home = requested ? *requested : apart(PIGEON_TRY(homes_.by_template(principal)));
  return pigeon::Attributes{{"home", {PIGEON_TRY(checked_home(home))}}};
}

pigeon::Done Mbox::ensure(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) {
  return Mailbox::make(PIGEON_TRY(pigeon::open_base(homes_.base())), allocation);
}

void Mbox::deliver(std::span<pigeon::Delivery> batch) {
  // Opened for each batch: a file system may have been unmounted since the last one.
  const auto base = pigeon::open_base(homes_.base());
  if (base) return Batch(*base, rules_, ledgers_, host_).deliver(batch);
  for (const auto& delivery : batch) delivery.answer(base.failure());
}

pigeon::Done Mbox::list(const pigeon::Allocation& allocation, pigeon::Deadline deadline,
                        const std::function<bool(const pigeon::Entry&)>& visit) {
  if (allocation.id.empty()) {
    if (const auto folders = unread_folders(allocation)) {
      host_.warning("nothing is read of " + pigeon::printable(*folders) +
                    ", which holds folders as another program keeps them: import each of its files by its "
                    "own path");
    }
    return list_foreign(allocation, rules_, deadline, visit);
  }
  return list_messages(PIGEON_TRY(pigeon::open_base(homes_.base())), allocation, rules_, listed_, deadline,
                       visit);
}

pigeon::Done Mbox::read(const pigeon::Allocation& allocation, const std::string& folder,
                        const std::string& name, pigeon::Deadline deadline,
                        const std::function<bool(std::string_view)>& give) {
  if (allocation.id.empty()) return read_foreign(allocation, folder, name, rules_, deadline, give);
  return read_message(PIGEON_TRY(pigeon::open_base(homes_.base())), allocation, folder, name, rules_, listed_,
                      deadline, give);
}

pigeon::Done Mbox::adopt(const pigeon::Allocation& allocation, pigeon::Deadline deadline) {
  return Mailbox::adopt(PIGEON_TRY(pigeon::open_base(homes_.base())), allocation, deadline, check_is_mbox);
}

pigeon::Done Mbox::retire(const pigeon::Allocation& allocation, pigeon::Deadline deadline) {
  return Mailbox::retire(PIGEON_TRY(pigeon::open_base(homes_.base())), allocation, deadline,
                         [&](Mailbox& mailbox) { return settle(mailbox, rules_, deadline); });
}

pigeon::Done Mbox::purge(const pigeon::Allocation& allocation, pigeon::Deadline deadline) {
  return Mailbox::purge(PIGEON_TRY(pigeon::open_base(homes_.base())), allocation, deadline);
}

pigeon::Result<pigeon::Usage> Mbox::usage(const pigeon::Allocation& allocation,
                                          const pigeon::Settings& preferences, bool recount,
                                          pigeon::Deadline deadline) {
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  auto mailbox = PIGEON_TRY(Mailbox::open_to_read(base, allocation, deadline));
  return Limits::of(preferences)
      .beside(
          PIGEON_TRY(usage_of(mailbox, rules_.quoting, rules_.locks, nullptr, "", true, recount, deadline)));
}

pigeon::Done Mbox::check(pigeon::Deadline /*deadline*/) {
  return home_template::check_base(homes_.base());
}

pigeon::Done Mbox::initialize(const pigeon_schema& /*schema*/, pigeon::Deadline /*deadline*/) {
  return pigeon::make_base(homes_.base());
}

}  // namespace mda_mbox
