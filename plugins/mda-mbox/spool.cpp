// SPDX-License-Identifier: MIT
#include "spool.hpp"

#include "appender.hpp"
#include "hash.hpp"
#include "original.hpp"
#include "splitting.hpp"

#include <pigeon/sdk/text.hpp>

#include <unistd.h>

#include <algorithm>

namespace mda_mbox {
namespace {

// A file that others share with us is believed only if it is one, and ours. Nothing: it is gone.
Result<std::optional<struct stat>> examine_open(const pigeon::Fd& file, const Directory& directory,
                                                const std::string& name) {
  struct stat status = {};
  struct stat named = {};
  if (::fstat(file.get(), &status) != 0)
    return pigeon::system_failure("examine " + directory.below(name), errno);
  if (::fstatat(directory.fd(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return pigeon::system_failure("examine " + directory.below(name), errno);
  }
  // Some readers put a new file in place of the old one, while they have its locks.
  if (status.st_ino != named.st_ino || status.st_dev != named.st_dev) return std::nullopt;
  if (S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_uid == ::geteuid()) return status;
  return pigeon::misconfigured("use " + directory.below(name) +
                               ": it is not a file of this mailbox alone, of uid " +
                               std::to_string(::geteuid()))
      .with_remedy("look who made it (another name of it, another owner); then chown " +
                   std::to_string(::geteuid()) + " " + pigeon::shell_word(directory.below(name)));
}

Result<std::uint64_t> hash_at(Window& window, const Extent& extent, Quoting quoting,
                              pigeon::Deadline deadline) {
  Hash hash;
  const auto add = [&](std::string_view bytes) { return hash.add(bytes), true; };
  PIGEON_TRY(give_original(window, extent, quoting, deadline, add));
  return hash.value();
}

}  // namespace

Result<std::optional<Spool>> Spool::open(const Directory& directory, const std::string& name, State& state,
                                         const LockRules& rules, pigeon::Deadline deadline) {
  Patience patience(deadline);
  do {
    auto file = PIGEON_TRY(directory.open_file(name, O_RDWR | O_APPEND));
    if (!file) return std::nullopt;
    auto lock = PIGEON_TRY(SpoolLock::attempt(directory, name, *file, rules));
    if (!lock) continue;
    const auto status = PIGEON_TRY(examine_open(*file, directory, name));
    if (status) return Spool(*std::move(file), *std::move(lock), state, directory.below(name), *status);
  } while (patience.wait());
  return pigeon::failure(PIGEON_BUSY,
                         "lock " + directory.below(name) + ": another program has it until the time is up")
      .with_remedy("nothing, if it is busy; else find who has it with `fuser " +
                   pigeon::shell_word(directory.below(name)) + "`, or whose " +
                   pigeon::shell_word(directory.below(name) + ".lock") + " is");
}

Done Spool::examine() {
  if (::fstat(file_.get(), &status_) != 0) return pigeon::system_failure("examine " + shown_, errno);
  return {};
}

Result<std::optional<std::uint64_t>> Spool::unfinished(const Ledger& ledger, const std::string& file) const {
  const auto begin = PIGEON_TRY(state_->unfinished(file_, size(), shown_));
  return begin && ledger.known(file).value_or(0) <= *begin ? begin : std::nullopt;
}

Done Spool::recover(Quoting quoting, Ledger& ledger, const std::string& file, pigeon::Deadline deadline) {
  messages_ = state_->messages(status_);
  if (const auto begin = PIGEON_TRY(unfinished(ledger, file))) {
    if (::ftruncate(file_.get(), static_cast<off_t>(*begin)) != 0)
      return pigeon::system_failure("cut back " + shown_, errno);
    PIGEON_TRY(examine());
  }
  const auto known = ledger.known(file).value_or(state_->adopted());
  const bool is_of_this_boot = state_->is_of_this_boot();
  Window window(file_, size(), shown_, deadline);
  bool has_ids = false;
  PIGEON_TRY(each_message(window, known, quoting, [&](const Extent& extent) -> Result<bool> {
    const auto hash = PIGEON_TRY(hash_at(window, extent, quoting, deadline));
    const bool is_ours = is_of_this_boot && state_->is_intended(extent.begin);
    has_ids = ledger.found(hash, is_ours) || has_ids;
    return true;
  }));
  // Whose id is known is answered without another look.
  if (has_ids) PIGEON_TRY(flush());
  if (size() != known) ledger.know(file, size());
  return {};
}

Result<bool> Spool::holds(std::uint64_t hash, Quoting quoting, pigeon::Deadline deadline) const {
  Window window(file_, size(), shown_, deadline);
  bool is_held = false;
  PIGEON_TRY(each_message(window, 0, quoting, [&](const Extent& extent) -> Result<bool> {
    is_held = PIGEON_TRY(hash_at(window, extent, quoting, deadline)) == hash;
    return !is_held;
  }));
  return is_held;
}

// Before the next message there is an empty line, whoever wrote the last one.
Result<std::string> Spool::missing_line_ends() const {
  constexpr std::uint64_t kMost = 3;
  const auto from = size() - std::min(size(), kMost);
  Window window(file_, size(), shown_, kAnyTime);
  const auto tail = PIGEON_TRY(window.at(from, kMost));
  if (size() == 0 || tail.ends_with("\n\n") || tail.ends_with("\n\r\n")) return std::string();
  if (size() <= 2 && tail.find_first_not_of("\r\n") == std::string_view::npos) return std::string();
  return std::string(tail.ends_with("\n") ? "\n" : "\n\n");
}

Done Spool::write(std::span<const Letter> letters, Quoting quoting, const BeforeEnd& before_end) {
  Appender appender(file_, *state_, size(), shown_);
  appender.add(PIGEON_TRY(missing_line_ends()));
  for (const auto& letter : letters) {
    const bool goes_on =
        appender.add(letter.from_line) &&
        letter.message->render(quoting, [&](std::string_view bytes) { return appender.add(bytes); }) &&
        appender.add("\n");
    if (!goes_on) return appender.end();
  }
  PIGEON_TRY(before_end());
  return appender.end();
}

// REQUIRES: everything behind `size` is ours, since we have the locks.
Failure Spool::cut_back(Failure met, std::uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) == 0) {
    if (const auto flushed = flush(); !flushed) {
      met.may_have_happened = true;
    } else if (examine()) {
      // What somebody puts there now is not ours.
      static_cast<void>(end_append());
    }
  } else {
    met.detail += "; and " + pigeon::system_failure("cut back " + shown_, errno).detail;
    met.may_have_happened = true;
  }
  static_cast<void>(examine());
  return met;
}

Done Spool::append(std::span<const Letter> letters, Quoting quoting, const BeforeEnd& before_end) {
  if (!lock_.is_held()) {
    return pigeon::failure(PIGEON_BUSY, "append to " + shown_ + ": another program has taken our lock away")
        .with_remedy("find the program that takes a lock of a living process for stale");
  }
  const auto before = size();
  if (auto written = write(letters, quoting, before_end); !written)
    return cut_back(std::move(written).failure(), before);
  if (auto flushed = flush(); !flushed) {
    auto met = cut_back(std::move(flushed).failure(), before);
    has_unflushed_ = size() != before;
    return met;
  }
  if (messages_) *messages_ += letters.size();
  return examine();
}

Done Spool::flush() const {
  if (::fdatasync(file_.get()) != 0) return pigeon::system_failure("flush " + shown_, errno);
  return {};
}

Done Spool::end_append() {
  state_->end_intent();
  return state_->note(status_, messages_);
}

Done Spool::note_count() {
  return state_->note(status_, messages_);
}

Result<std::uint64_t> Spool::count(Quoting quoting, bool recount, pigeon::Deadline deadline) {
  if (!recount) messages_ = messages_ ? messages_ : state_->messages(status_);
  if (messages_ && !recount) return *messages_;
  Window window(file_, size(), shown_, deadline);
  messages_ = PIGEON_TRY(count_messages(window, quoting));
  return *messages_;
}

}  // namespace mda_mbox
