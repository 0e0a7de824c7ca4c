// SPDX-License-Identifier: MIT
#include "host/delivery_id.hpp"

#include <pigeon/sdk/file.hpp>

#include <sodium.h>

#include <algorithm>
#include <array>

namespace pigeon::host {
namespace {

constexpr std::size_t kBlock = 65'536;
constexpr std::size_t kChunk = 4U << 20U;
constexpr std::size_t kBytes = 16;

// BLAKE2b.
class Hash {
 public:
  explicit Hash(std::string_view key = {}) {
    crypto_generichash_init(&state_, bytes(key), key.size(), crypto_generichash_BYTES);
  }
  void add(std::string_view text) { crypto_generichash_update(&state_, bytes(text), text.size()); }
  std::array<char, crypto_generichash_BYTES> end() {
    std::array<char, crypto_generichash_BYTES> digest = {};
    crypto_generichash_final(&state_, reinterpret_cast<unsigned char*>(digest.data()), digest.size());
    return digest;
  }

 private:
  static const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  }
  crypto_generichash_state state_ = {};
};

// A text that comes in pieces, whose borders do not count: cut into blocks, and a hash over the hashes of the
// blocks. Theirs is SipHash-2-4, which takes a third of the time. It is as good as a cryptographic hash while
// nobody knows its key: that comes from the queue id, which no sender can foresee.
class BlockHash {
 public:
  // NOLINTNEXTLINE(*-member-init): a block is written before it is read
  explicit BlockHash(std::string_view key) : hash_(key) {
    std::copy_n(key.begin(), key_.size(), key_.begin());
  }

  void add(std::string_view text) {
    while (!text.empty()) {
      const auto taken = text.substr(0, kBlock - held_);
      text.remove_prefix(taken.size());
      if (taken.size() == kBlock) {
        add_block(taken);
        continue;
      }
      std::copy(taken.begin(), taken.end(), block_.begin() + static_cast<std::ptrdiff_t>(held_));
      held_ += taken.size();
      if (held_ == kBlock) add_held();
    }
  }

  std::array<char, crypto_generichash_BYTES> end() {
    add_held();  // the last one may be empty; it is never left out
    return hash_.end();
  }

 private:
  void add_held() {
    add_block({block_.data(), held_});
    held_ = 0;
  }
  void add_block(std::string_view block) {
    std::array<char, crypto_shorthash_siphashx24_BYTES> digest = {};
    crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(digest.data()),
                                reinterpret_cast<const unsigned char*>(block.data()), block.size(),
                                key_.data());
    hash_.add({digest.data(), digest.size()});
  }

  Hash hash_;
  std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> key_ = {};
  std::array<char, kBlock> block_;  // so a small message touches a page or two of it only
  std::size_t held_ = 0;
};

}  // namespace

std::string delivery_id(const DeliveryIdParts& parts, const ParsedMessage& parsed, bool is_mapped) {
  Hash envelope;
  for (const auto part : {parts.queue_id, parts.principal, parts.folder, parts.sender}) {
    // With its length in front, no part can pass for the end of another.
    envelope.add(std::to_string(part.size()) + ":");
    envelope.add(part);
  }
  const auto key = envelope.end();
  BlockHash message({key.data(), key.size()});
  for (const auto kept : parsed.kept) message.add(kept);
  for (auto rest = parsed.body; !rest.empty(); rest.remove_prefix(std::min(kChunk, rest.size()))) {
    message.add(rest.substr(0, kChunk));
    if (is_mapped && rest.size() > kChunk) forget_pages(rest.substr(0, kChunk));
  }
  const auto digest = message.end();
  std::array<char, 2 * kBytes + 1> hex = {};
  return sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(digest.data()),
                        kBytes);
}

}  // namespace pigeon::host
