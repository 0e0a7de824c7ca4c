// SPDX-License-Identifier: MIT
//
// A quick hash, against accidents and not against people: it tells whether bytes are the ones that we meant
// to write. Its values are in files; a change of it only makes them unknown.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace mda_mbox {

// Of a text that comes in pieces, however it is cut.
class Hash {
 public:
  void add(std::string_view bytes) {
    if (bytes.empty()) return;
    size_ += bytes.size();
    if (held_ != 0) {
      const auto taken = bytes.substr(0, kBlockSize - held_);
      std::memcpy(block_.data() + held_, taken.data(), taken.size());
      held_ += taken.size();
      bytes.remove_prefix(taken.size());
      if (held_ < kBlockSize) return;
      mix(block_.data());
      held_ = 0;
    }
    for (; bytes.size() >= kBlockSize; bytes.remove_prefix(kBlockSize)) mix(bytes.data());
    if (!bytes.empty()) std::memcpy(block_.data(), bytes.data(), bytes.size());
    held_ = bytes.size();
  }

  [[nodiscard]] std::uint64_t value() const {
    auto whole = *this;
    std::memset(whole.block_.data() + held_, 0, kBlockSize - held_);
    whole.mix(whole.block_.data());
    auto hash = size_;
    for (const auto lane : whole.lanes_) step(hash, lane);
    return hash ^ (hash >> 29U);
  }

 private:
  // Several lanes, none of which waits for another.
  static constexpr std::size_t kLanes = 4;
  static constexpr std::size_t kBlockSize = kLanes * sizeof(std::uint64_t);

  static void step(std::uint64_t& hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash = (hash << 31U) | (hash >> 33U);
  }
  void mix(const char* block) {
    std::array<std::uint64_t, kLanes> values = {};
    std::memcpy(values.data(), block, kBlockSize);
    for (std::size_t lane = 0; lane < kLanes; ++lane) step(lanes_[lane], values[lane]);
  }

  std::array<std::uint64_t, kLanes> lanes_ = {0x2545f4914f6cdd1d, 0x9fb21c651e98df25, 0xd6e8feb86659fd93,
                                              0xa0761d6478bd642f};
  std::uint64_t size_ = 0;
  std::array<char, kBlockSize> block_ = {};
  std::size_t held_ = 0;
};

inline std::uint64_t hash_of(std::string_view bytes) {
  Hash hash;
  hash.add(bytes);
  return hash.value();
}

// As a hash stands in names and in files.
constexpr std::size_t kHashDigits = 16;
inline std::string digits_of(std::uint64_t hash) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits(kHashDigits, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, hash >>= 4U) *digit = kHex[hash & 15U];
  return digits;
}
inline std::optional<std::uint64_t> hash_from(std::string_view digits) {
  std::uint64_t hash = 0;
  const auto* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, hash, 16);
  if (digits.size() != kHashDigits || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return hash;
}

}  // namespace mda_mbox
