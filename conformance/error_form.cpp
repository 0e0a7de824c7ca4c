// SPDX-License-Identifier: MIT
#include "conformance/error_form.hpp"

#include <pigeon/sdk/text.hpp>

#include <array>
#include <cstring>
#include <utility>

namespace pigeon::conformance {
namespace {

// Texts are UTF-8, one line, terminated.
template <std::size_t N>
std::string wrong_with_text(const char (&field)[N], const std::string& name) {  // NOLINT(*-avoid-c-arrays)
  const std::size_t length = strnlen(field, N);
  if (length == N) return "its " + name + " is not terminated";
  const std::string_view text(field, length);
  if (!is_utf8(text)) return "its " + name + " is not UTF-8: '" + printable(text) + "'";
  if (printable(text) != text) return "its " + name + " has control characters: '" + printable(text) + "'";
  return {};
}

}  // namespace

bool is_permanent(pigeon_status status) {
  return status == PIGEON_UNKNOWN_RECIPIENT || status == PIGEON_REFUSED || status == PIGEON_MESSAGE_REFUSED;
}

bool is_failure(pigeon_status status) {
  const auto range = PIGEON_STATUS_RANGE(status);
  return range == PIGEON_TEMPORARY || range == PIGEON_BUG || is_permanent(status);
}

std::string shown(pigeon_status status) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  for (unsigned shift = 16; shift > 0; shift -= 4) digits += kHex[(status >> (shift - 4)) & 15U];
  return (status > 0xffff ? "above 0xffff, ending in 0x" : "0x") + digits;
}

std::string wrong_with(pigeon_status status, const pigeon_error& error, const std::string& place) {
  if (!is_failure(status)) return "status " + shown(status) + " is none that a failure may have";
  if (error.status != status) {
    return "the call answered " + shown(status) + ", and the error says " + shown(error.status);
  }
  for (auto wrong : {wrong_with_text(error.reason, "reason"), wrong_with_text(error.detail, "detail"),
                     wrong_with_text(error.remedy, "remedy")}) {
    if (!wrong.empty()) return wrong;
  }
  if (*error.detail == '\0') return "it has no detail, the line for the log";
  if (std::string_view(error.reason).find(place) != std::string_view::npos)
    return std::string("it tells the sender of a path: ") + error.reason;
  if (error.dsn_class != 0 && error.dsn_class != (is_permanent(status) ? 5 : 4))
    return "class " + std::to_string(error.dsn_class) + " of its DSN does not fit status " + shown(status);
  return {};
}

}  // namespace pigeon::conformance
