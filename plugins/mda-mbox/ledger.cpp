// SPDX-License-Identifier: MIT
#include "ledger.hpp"

#include "folder.hpp"
#include "hash.hpp"
#include "ledger_line.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <unordered_set>
#include <utility>
#include <vector>

namespace mda_mbox {
namespace {

using pigeon::Directory;
using pigeon::Done;

constexpr std::string_view kName = "stored.";
// No queue keeps a message for longer: five days by default in Postfix and OpenSMTPD, four in Exim. An id is
// kept for two to three weeks.
constexpr std::uint64_t kWeeksKept = 2;
constexpr std::uint64_t kWeek = 604'800;  // seconds

std::uint64_t this_week() {
  return static_cast<std::uint64_t>(std::time(nullptr)) / kWeek;
}

std::string current_week() {
  return std::string(kName) + std::to_string(this_week());
}

// The files, from that of the last week on.
pigeon::Result<std::map<std::uint64_t, std::string, std::greater<>>> weeks_of(const Directory& own) {
  std::map<std::uint64_t, std::string, std::greater<>> weeks;
  for (auto& name : PIGEON_TRY(own.names())) {
    if (!pigeon::starts_with(name, kName)) continue;
    const auto number = pigeon::number(std::string_view(name).substr(kName.size()));
    if (number) weeks[*number] = std::move(name);
  }
  return weeks;
}

}  // namespace

// All weeks that are there are read, so that a clock that jumps makes no difference.
Done Ledger::read(const Directory& own) {
  if (is_stale_) *this = Ledger();
  auto names = PIGEON_TRY(own.names());
  std::erase_if(names, [](const std::string& name) { return !pigeon::starts_with(name, kName); });
  std::sort(names.begin(), names.end());
  for (const auto& name : names) PIGEON_TRY(read_week(own, name, weeks_[name]));
  return {};
}

Done Ledger::read_week(const Directory& own, const std::string& name, Week& week) {
  const auto file = PIGEON_TRY(own.open_file(name));
  struct stat status = {};
  if (!file) return {};
  if (::fstat(file->get(), &status) != 0) return pigeon::system_failure("examine " + own.below(name), errno);
  if (!S_ISREG(status.st_mode)) return {};
  if (week.inode != status.st_ino) week = {status.st_ino, 0};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size <= week.read) return {};
  std::string lines(size - week.read, '\0');
  std::size_t read = 0;
  while (read < lines.size()) {
    const auto got = pigeon::retry([&] {
      return ::pread(file->get(), lines.data() + read, lines.size() - read,
                     static_cast<off_t>(week.read + read));
    });
    if (got < 0) return pigeon::system_failure("read " + own.below(name), errno);
    if (got == 0) break;
    read += static_cast<std::size_t>(got);
  }
  lines.resize(read);
  week.read += read;
  take({std::move(lines), name == current_week()});
  return {};
}

// Nearly all lines are of ids, and a process that delivers one message asks for one of them: they are looked
// at when somebody asks.
void Ledger::take(Text text) {
  std::string_view known;  // of a file's lines in a row the last one holds
  const bool is_whole = text.lines.find('\0') == std::string::npos;
  each_line(text.lines, [&](std::string_view line) {
    if (is_whole && is_of_id(line)) return;
    const bool is_known = is_whole && line.front() == '=';
    if (!is_known || file_of(line) != file_of(known)) take_line(known, text.is_of_this_week);
    known = is_known ? line : std::string_view();
    if (!is_known) take_line(line, text.is_of_this_week);
  });
  take_line(known, text.is_of_this_week);
  if (is_whole) unindexed_.push_back(std::move(text));
}

// What a power failure may have left is passed over.
void Ledger::take_line(std::string_view line, bool is_of_this_week) {
  if (line == kSeen) is_damaged_ = false;
  if (line.find('\0') != std::string_view::npos) is_damaged_ = true;
  if (is_of_id(line)) return take_id(line, is_of_this_week);
  const auto words = pigeon::split(line, ' ');
  if (words.size() == 3 && words[0] == "=") {
    const auto size = pigeon::number(words[1]);
    if (size && !is_damaged_) known_[std::string(words[2])] = *size;
  }
  const auto hash = words.size() == 2 ? hash_from(words[1]) : std::nullopt;
  if (hash && (words[0] == "?" || words[0] == "%" || words[0] == "!")) take_found(line.front(), *hash);
}

void Ledger::take_id(std::string_view line, bool is_of_this_week) {
  const auto of = id_line(line);
  if (!of) return;
  std::string id(of->id);
  if (!of->is_intent) return note_stored(id, of->hash, is_of_this_week);
  if (!stored_.contains(id)) intended_.emplace(of->hash, std::move(id));
}

bool Ledger::has(const std::string& id) {
  // Whoever asks for more of them is better off with an index.
  constexpr std::size_t kFewSearches = 8;
  if (stored_.contains(id)) return true;
  if (!unindexed_.empty() && ++searches_ > kFewSearches) index();
  for (const auto& text : unindexed_) {
    each_line_of(text.lines, id, [&](std::string_view line) { take_id(line, text.is_of_this_week); });
  }
  return stored_.contains(id);
}

void Ledger::index() {
  for (const auto& text : std::exchange(unindexed_, {})) {
    each_line(text.lines, [&](std::string_view line) {
      if (is_of_id(line)) take_id(line, text.is_of_this_week);
    });
  }
}

std::size_t Ledger::size() const {
  constexpr std::size_t kOfLine = 40;  // bytes
  auto lines = stored_.size() + intended_.size() + found_.size();
  for (const auto& text : unindexed_) lines += text.lines.size() / kOfLine;
  return lines;
}

void Ledger::note_stored(const std::string& id, std::uint64_t hash, bool is_of_this_week) {
  const auto [noted, is_new] = stored_.emplace(id, Stored{.hash = hash});
  noted->second.is_of_this_week |= is_of_this_week;
  if (is_new) ids_[hash].push_back(&noted->first);
  const auto [first, last] = intended_.equal_range(hash);
  for (auto each = first; each != last;) each = each->second == id ? intended_.erase(each) : std::next(each);
}

void Ledger::take_found(char sign, std::uint64_t hash) {
  auto& found = found_[hash];
  if (sign == '?') ++found.ours;
  if (sign == '%') ++found.others;
  if (sign == '!') --(found.ours > 0 ? found.ours : found.others);
}

Ledger::Claim Ledger::can_claim(std::uint64_t hash, bool is_unique) const {
  const auto found = found_.find(hash);
  if (found == found_.end()) return Claim::none;
  if (found->second.ours > 0) return Claim::ours;
  return is_unique && found->second.others > 0 ? Claim::others : Claim::none;
}

std::optional<std::string> Ledger::next_id_of(std::uint64_t hash) {
  index();
  const auto ids = ids_.find(hash);
  if (ids == ids_.end()) return std::nullopt;
  auto& told = told_[hash];
  return told < ids->second.size() ? std::optional(*ids->second[told++]) : std::nullopt;
}

// Not once more for each time that it is brought within one week: every delivery reads all of it.
void Ledger::renew(const std::string& id) {
  const auto [hash, is_of_this_week] = stored_.at(id);
  if (!is_of_this_week) stored(id, hash);
}

void Ledger::stored(const std::string& id, std::uint64_t hash) {
  note_stored(id, hash, true);
  unsaved_ += line_of({.id = id, .hash = hash});
}

bool Ledger::found(std::uint64_t hash, bool is_ours) {
  index();
  if (const auto intent = intended_.find(hash); is_ours && intent != intended_.end()) {
    stored(std::string(intent->second), hash);
    return true;
  }
  // A reader that writes into headers moves what was delivered long ago; it is nobody else's.
  if (!is_ours && ids_.contains(hash)) return false;
  const char sign = is_ours ? '?' : '%';
  take_found(sign, hash);
  unsaved_.append(1, sign).append(" ").append(digits_of(hash)).append("\n");
  return false;
}

void Ledger::claim(std::uint64_t hash) {
  take_found('!', hash);
  unsaved_.append("! ").append(digits_of(hash)).append("\n");
}

std::optional<std::uint64_t> Ledger::known(const std::string& file) const {
  const auto found = known_.find(folder_key(file));
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

void Ledger::know(const std::string& file, std::uint64_t size) {
  const auto key = folder_key(file);
  known_[key] = size;
  if (std::exchange(is_damaged_, false)) unsaved_ += std::string(kSeen) + "\n";
  unsaved_ += known_line(key, size);
}

Done Ledger::intend(const Directory& own, std::span<const Intent> intents) {
  std::string text;
  for (const auto& [id, hash] : intents) {
    intended_.emplace(hash, id);
    text += line_of({.id = id, .hash = hash, .is_intent = true});
  }
  return text.empty() ? Done() : write(own, std::move(text));
}

Done Ledger::save(const Directory& own) {
  return unsaved_.empty() ? Done() : write(own, std::exchange(unsaved_, {}));
}

Done Ledger::write(const Directory& own, std::string text) {
  const bool was_stale = std::exchange(is_stale_, true);
  const auto name = current_week();
  auto file = PIGEON_TRY(own.open_file(name, O_WRONLY | O_APPEND));
  const bool is_first_of_week = !file;
  if (!file) file = PIGEON_TRY(own.create_file(name));
  if (!file)
    return pigeon::temporary("create " + own.below(name) + ": another process did at the same moment");
  // An empty line first: what a power failure has left may have no end.
  text.insert(0, 1, '\n');
  if (is_first_of_week) {
    has_begun_week_ = true;
    // What older weeks say of files is to outlive them.
    for (const auto& [known, size] : known_) text += known_line(known, size);
  }
  auto& week = weeks_[name];
  struct stat status = {};
  PIGEON_TRY(pigeon::write_all(*file, text, own.below(name)));
  if (::fstat(file->get(), &status) != 0) return pigeon::system_failure("examine " + own.below(name), errno);
  week = {status.st_ino, static_cast<std::size_t>(status.st_size)};
  is_stale_ = was_stale;
  return {};
}

void Ledger::forget_unsaved() {
  if (unsaved_.empty()) return;
  unsaved_.clear();
  is_stale_ = true;
}

Done Ledger::forget_old(const Directory& own, Forget forget) {
  constexpr std::size_t kMost = 1U << 30U;
  if (!std::exchange(has_begun_week_, false)) return {};
  std::unordered_set<std::string> later;
  std::vector<std::string> kept;
  std::vector<std::string> gone;
  for (const auto& [number, name] : PIGEON_TRY(weeks_of(own))) {
    const bool is_needed =
        forget == Forget::repeated && adds_ids(PIGEON_TRY(own.read_file(name, kMost)).value_or(""), later);
    (is_needed || number + kWeeksKept >= this_week() ? kept : gone).push_back(name);
  }
  if (gone.empty()) return {};
  // What repeats is on the disk before what is repeated goes.
  if (forget == Forget::repeated) {
    for (const auto& name : kept) {
      const auto file = PIGEON_TRY(own.open_file(name));
      if (file) PIGEON_TRY(pigeon::flush(*file, own.below(name)));
    }
    PIGEON_TRY(own.flush());
  }
  for (const auto& name : gone) PIGEON_TRY(own.remove(name));
  return {};
}

Ledger& Ledgers::of(const std::string& id) {
  constexpr std::size_t kMost = 64;
  constexpr std::size_t kMostKnown = 1'000'000;
  std::size_t known = 0;
  for (const auto& [mailbox, ledger] : ledgers_) known += ledger.size();
  if ((ledgers_.size() >= kMost || known > kMostKnown) && !ledgers_.contains(id)) ledgers_.clear();
  return ledgers_[id];
}

}  // namespace mda_mbox
