// SPDX-License-Identifier: MIT
//
// The types of values: how each is written, and how a declaration is checked.
#pragma once

#include <pigeon/abi/schema.h>
#include <pigeon/sdk/text.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace pigeon::inline v0 {

inline std::optional<bool> boolean(std::string_view text) {
  if (text == "TRUE") return true;
  if (text == "FALSE") return false;
  return std::nullopt;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// A decimal number with one of the units; without a unit, times 1. Nothing on overflow of 63 bits.
template <std::size_t N>
std::optional<std::uint64_t> scaled(std::string_view text,
                                    const Unit (&units)[N]) {  // NOLINT(*-avoid-c-arrays)
  const auto digits = text.find_first_not_of("0123456789");
  const auto value = number(text.substr(0, digits));
  if (!value) return std::nullopt;
  const auto suffix = digits == std::string_view::npos ? std::string_view() : text.substr(digits);
  for (const auto& unit : units) {
    if (unit.name != suffix) continue;
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (*value > kLargest / unit.factor) return std::nullopt;
    return *value * unit.factor;
  }
  return std::nullopt;
}

// Bytes: "4096", "100M".
inline std::optional<std::uint64_t> size_in_bytes(std::string_view text) {
  constexpr Unit kUnits[] = {// NOLINT(*-avoid-c-arrays)
                             {"", 1},
                             {"k", 1ULL << 10U},
                             {"M", 1ULL << 20U},
                             {"G", 1ULL << 30U},
                             {"T", 1ULL << 40U}};
  return scaled(text, kUnits);
}

// "240" (seconds), "500ms", "14d".
inline std::optional<std::chrono::nanoseconds> duration(std::string_view text) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  constexpr Unit kUnits[] = {{"", kSecond},           {"ms", 1'000'000},  // NOLINT(*-avoid-c-arrays)
                             {"s", kSecond},          {"m", 60 * kSecond},     {"h", 3600 * kSecond},
                             {"d", 86'400 * kSecond}, {"w", 604'800 * kSecond}};
  const auto value = scaled(text, kUnits);
  if (!value) return std::nullopt;
  return std::chrono::nanoseconds(*value);
}

// What is wrong with `value` for this declaration, as "must be ..."; nothing if it is right.
inline std::optional<std::string> complaint(const pigeon_declaration& declaration, std::string_view value) {
  if (value.empty()) return "must not be empty";
  if (!is_utf8(value)) return "must be UTF-8";
  switch (declaration.type) {
    case PIGEON_TYPE_BOOLEAN:
      if (!boolean(value)) return "must be TRUE or FALSE";
      break;
    case PIGEON_TYPE_INTEGER:
      if (const auto parsed = number(value); !parsed || *parsed > INT64_MAX) return "must be a whole number";
      break;
    case PIGEON_TYPE_SIZE:
      if (!size_in_bytes(value)) return "must be a size, such as 4096, 100M or 2G";
      break;
    case PIGEON_TYPE_DURATION:
      if (!duration(value)) return "must be a time, such as 240, 500ms, 20s or 14d";
      break;
    case PIGEON_TYPE_CHOICE: {
      const auto choices = split(declaration.choices, '|');
      if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
        return "must be one of " + join(choices, ", ");
      }
      break;
    }
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace pigeon::inline v0
