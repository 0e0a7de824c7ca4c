// SPDX-License-Identifier: MIT
#include "batch.hpp"

#include "folder.hpp"
#include "name.hpp"
#include "quiet.hpp"
#include "quota.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

namespace mda_maildir {
namespace {

// From so many on, flushing the file system once is quicker than flushing each file.
constexpr std::size_t kWorthOneFlush = 3;

struct Found {
  std::shared_ptr<const Folder> folder;
  std::string name;
};

// A message whose name has this token, wherever a reader may have moved it within the mailbox; nothing if it
// was not seen. is_quiet: stays true if no name changed meanwhile.
Result<std::optional<Found>> look_for(const Mailbox& mailbox, const std::string& token, bool& is_quiet) {
  for (const auto& name : PIGEON_TRY(all_folders(mailbox.maildir()))) {
    auto folder = PIGEON_TRY(open_folder(mailbox.maildir(), name));
    if (!folder) continue;
    const auto quiet = PIGEON_TRY(Quiet::begin(folder->directory));
    for (const auto* directory : {&folder->fresh, &folder->cur}) {
      for (auto& message : PIGEON_TRY(directory->names())) {
        if (message.find("T" + token + ".") == std::string::npos) continue;
        return Found{std::make_shared<const Folder>(*std::move(folder)), std::move(message)};
      }
    }
    is_quiet = is_quiet && PIGEON_TRY(quiet.lasts(folder->directory));
  }
  return std::nullopt;
}

// Whoever is told that there is none stores the message anew.
Result<std::optional<Found>> find_message(const Mailbox& mailbox, const std::string& token,
                                          pigeon::Deadline deadline) {
  constexpr auto kPatience = std::chrono::seconds(5);
  for (Patience patience(deadline, kPatience);;) {
    bool is_quiet = true;
    if (auto found = PIGEON_TRY(look_for(mailbox, token, is_quiet))) return found;
    if (is_quiet) return std::nullopt;
    PIGEON_TRY(patience.wait(mailbox.maildir().shown()));
  }
}

// What an attempt that did not end has left in tmp of some folder. Only what one of ours can have left: tmp
// is other programs' as well.
Done remove_leftover(const Mailbox& mailbox, const std::string& token) {
  constexpr std::size_t kLongestToken = 64;
  const auto is_ours = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (token.size() > kLongestToken || !std::all_of(token.begin(), token.end(), is_ours)) return {};
  for (const auto& name : PIGEON_TRY(all_folders(mailbox.maildir()))) {
    const auto folder = PIGEON_TRY(open_folder(mailbox.maildir(), name));
    if (folder) PIGEON_TRY(folder->tmp.remove(token));
  }
  return {};
}

// When a message came, for readers who look at the file.
Done set_time(const pigeon::Fd& file, std::int64_t received, const std::string& shown) {
  if (received == 0) return {};
  const std::array<timespec, 2> times = {{{0, UTIME_OMIT}, {received, 0}}};
  if (::futimens(file.get(), times.data()) == 0) return {};
  return pigeon::system_failure("set the time of " + shown, errno);
}

std::uint64_t device_of(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 ? status.st_dev : 0;
}

}  // namespace

// Runs a step for what is still on its way; what fails is answered and leaves.
template <typename Step>
void Batch::each(std::vector<Item*>& items, Step&& step) {
  for (auto* item : items) {
    if (auto done = step(*item); !done) fail(*item, done.failure());
  }
  std::erase_if(items, [](const Item* item) { return item->is_answered; });
}

void Batch::deliver(std::span<pigeon::Delivery> deliveries) {
  std::vector<Item> all;
  std::vector<pigeon::Delivery> again;
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& delivery : deliveries) {
    // The same message for the same mailbox twice: the second one finds the first in the ledger, once that is
    // done.
    if (delivery.id_is_unique() && !seen.emplace(delivery.allocation().id, delivery.id()).second) {
      again.push_back(delivery);
    } else {
      all.push_back({.delivery = &delivery});
    }
  }
  std::vector<Item*> items;
  for (auto& item : all) items.push_back(&item);

  each(items, [&](Item& item) { return begin(item); });
  flush_files(items);
  each(items, [&](Item& item) { return publish(item); });
  flush_names(items);
  for (auto* item : items) finish(*item);
  if (!again.empty()) deliver(again);
}

Result<std::shared_ptr<Batch::Opened>> Batch::open(const Allocation& allocation) {
  auto& opened = opened_[{allocation.id, std::string(allocation.attributes.get("home").value_or(""))}];
  if (opened) return opened;
  auto mailbox = PIGEON_TRY(Mailbox::open(base_, allocation));
  auto ledger = PIGEON_TRY(Ledger::open(mailbox.own()));
  return opened = std::make_shared<Opened>(Opened{std::move(mailbox), std::move(ledger), {}});
}

Done Batch::begin(Item& item) {
  const auto& delivery = *item.delivery;
  item.opened = PIGEON_TRY(open(delivery.allocation()));
  auto& [mailbox, ledger, folders] = *item.opened;
  item.claim = PIGEON_TRY(ledger.claim(delivery.id(), delivery.id_is_unique()));
  if (!item.claim) {
    if (delivery.is_moved()) PIGEON_TRY(ledger.renew(delivery.id()));
    item.was_there = true;
    item.is_answered = true;
    delivery.answer(
        pigeon::Stored{.where = std::string(delivery.allocation().attributes.get("home").value_or("")),
                       .already_there = true});
    return {};
  }
  item.may_have_appeared = item.claim->was_begun;
  // Asked again now that whoever retires the mailbox can see that we are at it.
  PIGEON_TRY(mailbox.check_not_retired(delivery.allocation()));
  if (item.claim->was_begun) {
    // An attempt that did not end. If its message has appeared, only the end is missing.
    auto found = PIGEON_TRY(find_message(mailbox, item.claim->token, delivery.deadline()));
    if (found) {
      item.folder = std::move(found->folder);
      item.name = std::move(found->name);
      item.was_there = true;
      return {};
    }
    item.may_have_appeared = false;
  }
  PIGEON_TRY(choose_folder(item));
  PIGEON_TRY(check_quota(item));
  return write(item);
}

Result<std::shared_ptr<const Folder>> Batch::find_folder(Opened& opened, const std::string& directory) {
  auto& known = opened.folders[directory];
  if (known) return known;
  if (auto found = PIGEON_TRY(open_folder(opened.mailbox.maildir(), directory)))
    known = std::make_shared<const Folder>(*std::move(found));
  return known;
}

// No folder is a reason to refuse mail: what cannot go where it was wanted goes into the main folder.
Done Batch::choose_folder(Item& item) {
  const auto& delivery = *item.delivery;
  const auto& maildir = item.opened->mailbox.maildir();
  const auto wanted = folder_directory(delivery.folder());
  if (wanted) item.folder = PIGEON_TRY(find_folder(*item.opened, *wanted));
  const bool may_be_made = delivery.is_moved() || delivery.preferences().is_true("createFolders");
  if (wanted && !wanted->empty() && !item.folder && may_be_made)
    item.folder = std::make_shared<const Folder>(PIGEON_TRY(make_folder(maildir, *wanted)));
  if (item.folder) return {};
  item.no_such_folder = !wanted || !wanted->empty();
  item.folder = PIGEON_TRY(find_folder(*item.opened, ""));
  if (item.folder) return {};
  return pigeon::misconfigured("open mailbox " + maildir.shown() + ": tmp, new or cur is gone")
      .with_remedy("restore it from a backup, or make the directory: mkdir -m 700 " +
                   pigeon::shell_word(maildir.shown()) + "/{tmp,new,cur}");
}

// The trash does not count, as Maildir++ has it. So that it is no way around the quota, mail that arrives for
// it may fill it as far as everything else together, and no further.
Done Batch::check_quota(Item& item) {
  const Quota quota(Limits::of(item.delivery->preferences()));
  const bool is_trash = !item.folder->is_main && is_trash_directory(item.folder->directory.shown());
  item.has_quota = quota.limits().is_set() && !is_trash;
  if (!quota.limits().is_set() || item.delivery->is_moved()) return {};
  const auto size = item.delivery->message().size();
  const bool is_full = is_trash ? PIGEON_TRY(quota.would_overfill(item.folder->directory, size))
                                : PIGEON_TRY(quota.would_exceed(item.opened->mailbox.maildir(), size));
  if (!is_full) return {};
  return quota.limits().failure(item.opened->mailbox.maildir().shown());
}

Done Batch::write(Item& item) {
  const auto& tmp = item.folder->tmp;
  const auto& token = item.claim->token;
  auto file = PIGEON_TRY(tmp.create_file(token));
  if (!file) {
    // What an attempt that did not end has left. The claim is ours, so nobody writes to it.
    PIGEON_TRY(tmp.remove(token));
    file = PIGEON_TRY(tmp.create_file(token));
  }
  if (!file)
    return pigeon::temporary("create " + tmp.below(token) + ": another process did at the same moment");
  item.file = *std::move(file);
  item.written = PIGEON_TRY(pigeon::write_message(item.file, item.delivery->message(), tmp.below(token)));
  return item.delivery->is_moved() ? set_time(item.file, item.delivery->received(), tmp.below(token))
                                   : Done();
}

// A mailbox may be on a file system of its own, mounted below the base: what flushes the base's does nothing
// for it.
bool Batch::can_share_flush(const std::vector<Item*>& items) const {
  if (!one_flush_ || items.size() < kWorthOneFlush) return false;
  const auto device = device_of(base_.fd());
  return std::all_of(items.begin(), items.end(), [&](const Item* item) {
    return device_of(item->folder->directory.fd()) == device &&
           device_of(item->opened->mailbox.own().fd()) == device;
  });
}

Done Batch::flush_file_system() {
  if (::syncfs(base_.fd()) == 0) return {};
  return pigeon::system_failure("flush the file system of " + base_.shown(), errno);
}

// Messages and claims become durable before anything appears: a message that is there is whole, and can be
// recognised.
void Batch::flush_files(std::vector<Item*>& items) {
  if (can_share_flush(items)) {
    auto flushed = flush_file_system();
    return each(items, [&](Item&) { return Done(flushed); });
  }
  each(items, [&](Item& item) -> Done {
    if (item.was_there) return {};
    PIGEON_TRY(pigeon::flush(item.file, item.folder->tmp.below(item.claim->token)));
    // What a network file system could not write, it may say only now.
    if (::close(item.file.release()) != 0) {
      return pigeon::system_failure("close " + item.folder->tmp.below(item.claim->token), errno);
    }
    return item.opened->ledger.flush();
  });
}

Done Batch::publish(Item& item) {
  if (item.was_there) return {};
  const auto& delivery = *item.delivery;
  const bool has_time = delivery.is_moved() && delivery.received() != 0;
  item.name = message_name(item.claim->token, item.written,
                           has_time ? std::optional(delivery.received()) : std::nullopt);
  // What bears a mark is not new any more.
  if (delivery.is_moved()) item.name += marks_as_text(delivery.marks());
  item.is_marked = delivery.is_moved() && !marks_as_text(delivery.marks()).empty();
  auto renamed = item.folder->tmp.rename(item.claim->token, item.place(), item.name);
  if (!renamed) renamed.failure().may_have_happened = true;
  return renamed;
}

void Batch::flush_names(std::vector<Item*>& items) {
  if (can_share_flush(items)) {
    auto flushed = flush_file_system();
    if (!flushed) flushed.failure().may_have_happened = true;
    return each(items, [&](Item&) { return Done(flushed); });
  }
  each(items, [&](Item& item) {
    const auto& folder = *item.folder;
    auto flushed = item.place().flush();
    if (flushed && item.was_there) flushed = folder.cur.flush();
    // Another program may have made the folder a moment ago, and not have seen to it that it survives.
    if (flushed && !folder.is_main) flushed = folder.directory.flush();
    if (flushed && !folder.is_main) flushed = item.opened->mailbox.maildir().flush();
    if (!flushed) flushed.failure().may_have_happened = true;
    return flushed;
  });
}

// The message is durable, whatever happens now.
void Batch::finish(Item& item) {
  const auto warn = [&](const Done& done) {
    if (!done) host_.warning("after delivery " + item.delivery->id() + ": " + done.failure().detail);
  };
  const auto forget = [&](const auto& token) { return remove_leftover(item.opened->mailbox, token); };
  warn(item.opened->ledger.finish(
      *item.claim, item.delivery->is_moved() ? Ledger::RemoveLeftover() : Ledger::RemoveLeftover(forget)));
  if (item.has_quota && !item.was_there) warn(Quota::add(item.opened->mailbox.maildir(), item.written.bytes));
  item.delivery->answer(pigeon::Stored{.where = item.place().below(item.name),
                                       .already_there = item.was_there,
                                       .no_such_folder = item.no_such_folder});
  item.is_answered = true;
}

void Batch::fail(Item& item, const pigeon::Failure& failure) {
  // What may have appeared keeps its claim: the next attempt finds out. What has not leaves nothing behind.
  if (item.claim && !item.was_there && !item.may_have_appeared && !failure.may_have_happened) {
    if (item.file.is_open() || item.folder) static_cast<void>(item.folder->tmp.remove(item.claim->token));
    static_cast<void>(item.opened->ledger.abandon(*item.claim));
  }
  item.delivery->answer(failure);
  item.is_answered = true;
}

}  // namespace mda_maildir
