// SPDX-License-Identifier: MIT
//
// FNV-1a, 64 bits: spreads, and is easy to compute in any other program. Its values are in paths and in names
// of tables: never change it.
#pragma once

#include <cstdint>
#include <string_view>

namespace mailbox_rules {

constexpr std::uint64_t spread(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace mailbox_rules
