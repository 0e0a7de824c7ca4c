// SPDX-License-Identifier: MIT
#include "ledger.hpp"

#include "folder.hpp"
#include "hash.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

namespace mda_mbox {
namespace {

using pigeon::Directory;
using pigeon::Done;

constexpr std::string_view kName = "stored.";
constexpr std::string_view kSeen = "~";
// No queue keeps a message for longer: five days by default in Postfix and OpenSMTPD, four in Exim. An id is
// kept for two to three weeks.
constexpr std::uint64_t kWeeksKept = 2;
constexpr std::uint64_t kWeek = 604'800;  // seconds
constexpr std::size_t kLongestId = 64;

std::uint64_t this_week() {
  return static_cast<std::uint64_t>(std::time(nullptr)) / kWeek;
}

std::string current_week() {
  return std::string(kName) + std::to_string(this_week());
}

std::string known_line(const std::string& file, std::uint64_t size) {
  return "= " + std::to_string(size) + " " + file + "\n";
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
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
  constexpr std::size_t kChunk = 1U << 16U;
  const auto file = PIGEON_TRY(own.open_file(name));
  struct stat status = {};
  if (!file) return {};
  if (::fstat(file->get(), &status) != 0) return pigeon::system_failure("examine " + own.below(name), errno);
  if (!S_ISREG(status.st_mode)) return {};
  if (week.inode != status.st_ino) week = {status.st_ino, 0};
  std::string text;
  while (week.read + text.size() < static_cast<std::size_t>(status.st_size)) {
    const auto before = text.size();
    text.resize(before + kChunk);
    const auto got = pigeon::retry([&] {
      return ::pread(file->get(), text.data() + before, kChunk, static_cast<off_t>(week.read + before));
    });
    if (got < 0) return pigeon::system_failure("read " + own.below(name), errno);
    text.resize(before + static_cast<std::size_t>(got));
    if (got == 0) break;
  }
  for (const auto line : pigeon::split(text, '\n')) take(line, name == current_week());
  week.read += text.size();
  return {};
}

// What a power failure may have left is passed over.
void Ledger::take(std::string_view line, bool is_of_this_week) {
  const auto words = pigeon::split(line, ' ');
  if (words.size() == 3 && words[0] == "=") {
    const auto size = pigeon::number(words[1]);
    if (size && !is_damaged_) known_[std::string(words[2])] = *size;
    return;
  }
  if (line == kSeen) is_damaged_ = false;
  if (line.find('\0') != std::string_view::npos) is_damaged_ = true;
  const auto hash = words.size() > 1 ? hash_from(words.back()) : std::nullopt;
  if (!hash) return;
  if (words.size() == 3 && words[0] == ">" && is_word(words[1])) intended_.emplace(*hash, words[1]);
  if (words.size() != 2) return;
  if (words[0] == "?" || words[0] == "%" || words[0] == "!") {
    take_found(words[0].front(), *hash);
  } else if (is_word(words[0])) {
    note_stored(std::string(words[0]), *hash, is_of_this_week);
  }
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
  unsaved_.append(id).append(" ").append(digits_of(hash)).append("\n");
}

bool Ledger::found(std::uint64_t hash, bool is_ours) {
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
    text.append("> ").append(id).append(" ").append(digits_of(hash)).append("\n");
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

Done Ledger::forget_old(const Directory& own) {
  if (!std::exchange(has_begun_week_, false)) return {};
  for (const auto& name : PIGEON_TRY(own.names())) {
    if (!pigeon::starts_with(name, kName)) continue;
    const auto number = pigeon::number(std::string_view(name).substr(kName.size()));
    if (number && *number + kWeeksKept < this_week()) PIGEON_TRY(own.remove(name));
  }
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
