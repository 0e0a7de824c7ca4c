// SPDX-License-Identifier: MIT
#include "maildir.hpp"

#include "batch.hpp"
#include "folder.hpp"
#include "mailbox.hpp"
#include "quota.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace mda_maildir {
namespace {

pigeon::Entry entry_of(const std::string& folder, const Directory& directory, const std::string& name) {
  pigeon::Entry entry{.folder = folder_name(folder), .name = name};
  struct stat status = {};
  if (::fstatat(directory.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    entry.bytes = static_cast<std::uint64_t>(status.st_size);
    entry.received = status.st_mtime;
  }
  const auto digits = name.find('.');
  if (const auto seconds = pigeon::number(name.substr(0, digits)))
    entry.received = static_cast<std::int64_t>(*seconds);
  return entry;
}

}  // namespace

pigeon::Result<std::unique_ptr<Maildir>> Maildir::open(pigeon::Host host, const pigeon::Settings& settings) {
  auto home = PIGEON_TRY(home_template::HomeTemplate::parse(settings.text("home"), "mda-maildir"));
  auto base = settings.text("base");
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  return std::make_unique<Maildir>(host, std::move(base), std::move(home),
                                   settings.text("batchFlush") == "filesystem");
}

pigeon::Result<pigeon::Attributes> Maildir::propose(const pigeon::Principal& principal,
                                                    const pigeon::Attributes& requests) {
  const auto request = requests.get("home");
  const auto home = request ? PIGEON_TRY(home_template::requested_home(*request, base_, "mda-maildir"))
                            : PIGEON_TRY(home_.home_of(principal));
  return pigeon::Attributes{{"home", {home}}};
}

pigeon::Done Maildir::ensure(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) {
  const auto base = PIGEON_TRY(pigeon::open_base(base_));
  return Mailbox::make(base, allocation);
}

void Maildir::deliver(std::span<pigeon::Delivery> batch) {
  // Opened for each batch: a file system may have been unmounted since the last one.
  const auto base = pigeon::open_base(base_);
  if (base) return Batch(*base, one_flush_, host_).deliver(batch);
  for (const auto& delivery : batch) delivery.answer(base.failure());
}

pigeon::Done Maildir::list(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/,
                           const std::function<bool(const pigeon::Entry&)>& visit) {
  const auto base = PIGEON_TRY(pigeon::open_base(base_));
  const auto mailbox = PIGEON_TRY(Mailbox::open(base, allocation));
  for (const auto& name : PIGEON_TRY(mailbox.folders())) {
    const auto folder = PIGEON_TRY(open_folder(mailbox.maildir(), name));
    if (!folder) continue;
    for (const auto* directory : {&folder->fresh, &folder->cur}) {
      for (const auto& message : PIGEON_TRY(directory->names())) {
        if (!visit(entry_of(name, *directory, message))) return {};
      }
    }
  }
  return {};
}

pigeon::Done Maildir::adopt(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) {
  const auto base = PIGEON_TRY(pigeon::open_base(base_));
  return Mailbox::adopt(base, allocation);
}

pigeon::Done Maildir::purge(const pigeon::Allocation& allocation, pigeon::Deadline /*deadline*/) {
  const auto base = PIGEON_TRY(pigeon::open_base(base_));
  return Mailbox::purge(base, allocation);
}

pigeon::Done Maildir::initialize(const pigeon_schema& /*schema*/, pigeon::Deadline /*deadline*/) {
  return pigeon::make_base(base_);
}

pigeon::Done Maildir::check(pigeon::Deadline /*deadline*/) {
  return home_template::check_base(base_);
}

}  // namespace mda_maildir
