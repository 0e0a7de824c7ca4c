// SPDX-License-Identifier: MIT
//
// A quick hash, against accidents and not against people: it tells whether bytes are the ones that we meant
// to write. Its values are in files; a change of it only makes them unknown.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace mda_mbox {

// Of a text that comes in pieces, however it is cut.
class Hash {
 public:
  void add(std::string_view bytes) {
    size_ += bytes.size();
    if (held_ != 0) {
      const auto taken = bytes.substr(0, kWord - held_);
      std::memcpy(word_.data() + held_, taken.data(), taken.size());
      held_ += taken.size();
      bytes.remove_prefix(taken.size());
      if (held_ < kWord) return;
      mix(word_.data());
      held_ = 0;
    }
    for (; bytes.size() >= kWord; bytes.remove_prefix(kWord)) mix(bytes.data());
    if (!bytes.empty()) std::memcpy(word_.data(), bytes.data(), bytes.size());
    held_ = bytes.size();
  }

  [[nodiscard]] std::uint64_t value() const {
    auto whole = *this;
    std::memset(whole.word_.data() + held_, 0, kWord - held_);
    whole.mix(whole.word_.data());
    whole.step(size_);
    return whole.hash_ ^ (whole.hash_ >> 29U);
  }

  // As it stands in names: 16 digits.
  [[nodiscard]] std::string text() const {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string digits;
    for (unsigned shift = 64; shift > 0; shift -= 4) digits += kHex[(value() >> (shift - 4)) & 15U];
    return digits;
  }

 private:
  static constexpr std::size_t kWord = 8;

  void mix(const char* word) {
    std::uint64_t value = 0;
    std::memcpy(&value, word, kWord);
    step(value);
  }
  void step(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15;
    hash_ = (hash_ << 31U) | (hash_ >> 33U);
  }

  std::uint64_t hash_ = 0x2545f4914f6cdd1d;
  std::uint64_t size_ = 0;
  std::array<char, kWord> word_ = {};
  std::size_t held_ = 0;
};

inline std::uint64_t hash_of(std::string_view bytes) {
  Hash hash;
  hash.add(bytes);
  return hash.value();
}

}  // namespace mda_mbox
