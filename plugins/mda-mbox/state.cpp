// SPDX-License-Identifier: MIT
#include "state.hpp"

#include "hash.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace mda_mbox {
namespace {

using pigeon::Done;
using pigeon::Result;

constexpr std::string_view kMagic = "pigeon mbox 1\n";
// Of a message of a terabyte.
constexpr std::uint64_t kMostHashes = (1ULL << 40U) / kBlock;

// Of this start of this machine; empty where the system does not say.
std::string boot_id() {
  static const std::string id = [] {
    const pigeon::Fd file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    std::string text(36, '\0');
    const auto got = file.is_open() ? ::read(file.get(), text.data(), text.size()) : 0;
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }();
  return id;
}

template <std::size_t N>
std::string_view text_of(const std::array<char, N>& field) {
  return {field.data(), ::strnlen(field.data(), N)};
}

template <std::size_t N>
void set(std::array<char, N>& field, std::string_view text) {
  field = {};
  std::memcpy(field.data(), text.data(), std::min(text.size(), N - 1));
}

Result<std::size_t> read_at(const pigeon::Fd& file, void* to, std::size_t size, std::uint64_t offset,
                            const std::string& shown) {
  std::size_t got = 0;
  while (got < size) {
    const auto more = pigeon::retry([&] {
      return ::pread(file.get(), static_cast<char*>(to) + got, size - got, static_cast<off_t>(offset + got));
    });
    if (more < 0) return pigeon::system_failure("read " + shown, errno);
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  return got;
}

Done write_at(const pigeon::Fd& file, const void* from, std::size_t size, std::uint64_t offset,
              const std::string& shown) {
  for (std::size_t at = 0; at < size;) {
    const auto written = pigeon::retry([&] {
      return ::pwrite(file.get(), static_cast<const char*>(from) + at, size - at,
                      static_cast<off_t>(offset + at));
    });
    if (written < 0) return pigeon::system_failure("write " + shown, errno);
    at += static_cast<std::size_t>(written);
  }
  return {};
}

// Calls visit(begin, end) for each block of the file that has a part in this range.
template <typename Visit>
void each_block(std::uint64_t begin, std::uint64_t end, Visit&& visit) {
  for (auto at = begin; at < end;) {
    const auto next = std::min(end, (at / kBlock + 1) * kBlock);
    visit(at, next);
    at = next;
  }
}

}  // namespace

Result<State> State::open(const pigeon::Directory& own, const std::string& name, bool make) {
  if (make) static_cast<void>(PIGEON_TRY(own.create_file(name)));
  auto file = PIGEON_TRY(own.open_file(name, O_RDWR));
  if (file) return State(*std::move(file), own.below(name));
  return pigeon::misconfigured("open " + own.below(name) + ": it is gone")
      .with_remedy("touch " + pigeon::shell_word(own.below(name)) + " && chmod 600 " +
                   pigeon::shell_word(own.below(name)));
}

Done State::load() {
  static_assert(std::is_trivially_copyable_v<Header>);
  Header read;
  const auto got = PIGEON_TRY(read_at(file_, &read, sizeof read, 0, shown_));
  const auto check = hash_of({reinterpret_cast<const char*>(&read), offsetof(Header, check)});
  const bool is_good = got == sizeof read && text_of(read.magic) == kMagic && read.check == check &&
                       read.announced <= kMostHashes;
  header_ = is_good ? read : Header();
  return {};
}

std::optional<std::uint64_t> State::messages(const struct stat& status) const {
  const bool is_as_noted = header_.size == static_cast<std::uint64_t>(status.st_size) &&
                           header_.changed_seconds == status.st_ctim.tv_sec &&
                           header_.changed_nanoseconds == status.st_ctim.tv_nsec;
  if (!is_as_noted || header_.messages == kUnknown) return std::nullopt;
  return header_.messages;
}

bool State::is_of_this_boot() const {
  return !boot_id().empty() && text_of(header_.boot) == boot_id();
}

Result<std::optional<std::uint64_t>> State::unfinished(const pigeon::Fd& mbox, std::uint64_t size,
                                                       const std::string& shown) const {
  const auto begin = header_.begin;
  if (header_.length == 0 || size <= begin || size - begin >= header_.length) return std::nullopt;
  // Ours alone ends at the end of a block. Of what ends elsewhere, the last part could be anybody's.
  if (size % kBlock != 0) return std::nullopt;
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(header_.announced));
  const auto wanted = hashes.size() * sizeof hashes[0];
  if (PIGEON_TRY(read_at(file_, hashes.data(), wanted, sizeof header_, shown_)) != wanted)
    return std::nullopt;
  std::size_t number = 0;
  bool is_ours = true;
  Done met;
  std::string block(kBlock, '\0');
  each_block(begin, size, [&](std::uint64_t from, std::uint64_t to) {
    if (!is_ours || !met) return;
    const auto length = static_cast<std::size_t>(to - from);
    const auto got = read_at(mbox, block.data(), length, from, shown);
    if (!got) met = got.failure();
    if (!got) return;
    is_ours = *got == length && number < hashes.size() &&
              hashes[number] == hash_of(std::string_view(block).substr(0, length));
    ++number;
  });
  PIGEON_TRY(std::move(met));
  return is_ours ? std::optional(begin) : std::nullopt;
}

void State::intend(std::uint64_t begin) {
  header_.begin = begin;
  header_.length = kUnknown;
  header_.announced = 0;
  hashes_.clear();
  announced_bytes_ = 0;
}

Done State::announce(std::span<const std::string_view> pieces, bool is_last) {
  const auto first = hashes_.size();
  auto at = header_.begin + announced_bytes_;
  Hash block;
  for (auto piece : pieces) {
    while (!piece.empty()) {
      const auto part = piece.substr(0, static_cast<std::size_t>(kBlock - at % kBlock));
      block.add(part);
      piece.remove_prefix(part.size());
      at += part.size();
      if (at % kBlock == 0) hashes_.push_back(std::exchange(block, Hash()).value());
    }
  }
  if (at % kBlock != 0) hashes_.push_back(block.value());
  announced_bytes_ = at - header_.begin;
  header_.announced = hashes_.size();
  if (is_last) header_.length = announced_bytes_;
  return write(first);
}

Done State::adopt(std::uint64_t size) {
  header_.adopted = size;
  PIGEON_TRY(write(hashes_.size()));
  return pigeon::flush(file_, shown_);
}

void State::end_intent() {
  header_.begin = 0;
  header_.length = 0;
  header_.announced = 0;
  hashes_.clear();
}

Done State::note(const struct stat& status, std::optional<std::uint64_t> messages) {
  header_.size = static_cast<std::uint64_t>(status.st_size);
  header_.changed_seconds = status.st_ctim.tv_sec;
  header_.changed_nanoseconds = status.st_ctim.tv_nsec;
  header_.messages = messages.value_or(kUnknown);
  return write(hashes_.size());
}

Done State::write(std::size_t first_hash) {
  set(header_.magic, kMagic);
  set(header_.boot, boot_id());
  header_.check = hash_of({reinterpret_cast<const char*>(&header_), offsetof(Header, check)});
  // In one write where it can be: a file that is new, or small.
  std::string bytes(reinterpret_cast<const char*>(&header_), sizeof header_);
  const std::string_view hashes(reinterpret_cast<const char*>(hashes_.data()),
                                hashes_.size() * sizeof(std::uint64_t));
  if (first_hash == 0) {
    bytes += hashes;
  } else if (first_hash < hashes_.size()) {
    // First, so that what the header says is there.
    const auto at = first_hash * sizeof(std::uint64_t);
    PIGEON_TRY(write_at(file_, hashes.data() + at, hashes.size() - at, sizeof header_ + at, shown_));
  }
  return write_at(file_, bytes.data(), bytes.size(), 0, shown_);
}

}  // namespace mda_mbox
