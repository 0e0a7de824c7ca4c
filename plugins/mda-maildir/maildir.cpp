// SPDX-License-Identifier: MIT
#include "maildir.hpp"

#include "batch.hpp"
#include "mailbox.hpp"
#include "quota.hpp"
#include "reading.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace mda_maildir {

pigeon::Result<std::unique_ptr<Maildir>> Maildir::open(pigeon::Host host, const pigeon::Settings& settings) {
  auto homes = PIGEON_TRY(home_template::Homes::of(settings, "mda-maildir"));
  return std::make_unique<Maildir>(host, std::move(homes), settings.text("batchFlush") == "filesystem");
}

pigeon::Done Maildir::ensure(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) {
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  return Mailbox::make(base, allocation);
}

void Maildir::deliver(std::span<pigeon::Delivery> batch) {
  // Opened for each batch: a file system may have been unmounted since the last one.
  const auto base = pigeon::open_base(homes_.base());
  if (base) return Batch(*base, one_flush_, host_).deliver(batch);
  for (const auto& delivery : batch) delivery.answer(base.failure());
}

pigeon::Result<Directory> Maildir::to_read(const pigeon::Allocation& allocation) const {
  if (allocation.id.empty()) return foreign_maildir(allocation);
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  const auto mailbox = PIGEON_TRY(Mailbox::open_to_read(base, allocation));
  auto maildir = PIGEON_TRY(mailbox.maildir().find("."));
  if (maildir) return *std::move(maildir);
  return pigeon::temporary("open mailbox " + mailbox.maildir().shown() + ": it vanished at once");
}

pigeon::Done Maildir::list(const pigeon::Allocation& allocation, pigeon::Deadline deadline,
                           const std::function<bool(const pigeon::Entry&)>& visit) {
  return list_messages(PIGEON_TRY(to_read(allocation)), !allocation.id.empty(), deadline, visit);
}

pigeon::Done Maildir::read(const pigeon::Allocation& allocation, const std::string& folder,
                           const std::string& name, pigeon::Deadline deadline,
                           const std::function<bool(std::string_view)>& give) {
  return read_message(PIGEON_TRY(to_read(allocation)), folder, name, deadline, give);
}

pigeon::Done Maildir::retire(const pigeon::Allocation& allocation, pigeon::Deadline deadline) {
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  return Mailbox::retire(base, allocation, deadline);
}

pigeon::Result<pigeon::Usage> Maildir::usage(const pigeon::Allocation& allocation,
                                             const pigeon::Settings& preferences, bool recount,
                                             pigeon::Deadline /*deadline*/) {
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  const auto mailbox = PIGEON_TRY(Mailbox::open_to_read(base, allocation));
  const Quota quota(Limits::of(preferences));
  return quota.limits().beside(PIGEON_TRY(quota.usage(mailbox.maildir(), recount)));
}

pigeon::Done Maildir::adopt(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) {
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  return Mailbox::adopt(base, allocation);
}

pigeon::Done Maildir::purge(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) {
  const auto base = PIGEON_TRY(pigeon::open_base(homes_.base()));
  return Mailbox::purge(base, allocation);
}

pigeon::Done Maildir::initialize(const pigeon_schema& /*schema*/, pigeon::Deadline /*deadline*/) {
  return pigeon::make_base(homes_.base());
}

pigeon::Done Maildir::check(pigeon::Deadline /*deadline*/) {
  return home_template::check_base(homes_.base());
}

}  // namespace mda_maildir
