// SPDX-License-Identifier: MIT
#include "name.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/text.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>

namespace mda_maildir {
namespace {

struct Mark {
  char letter;
  std::uint32_t mark;
};
// In the order in which they must stand.
constexpr std::array<Mark, 5> kMarks = {{{'D', PIGEON_MARK_DRAFT},
                                         {'F', PIGEON_MARK_FLAGGED},
                                         {'R', PIGEON_MARK_ANSWERED},
                                         {'S', PIGEON_MARK_SEEN},
                                         {'T', PIGEON_MARK_DELETED}}};
constexpr std::string_view kMarked = ":2,";
constexpr std::size_t kTokenLength = 32;
// The year 9999: what is later is no time.
constexpr std::uint64_t kLatest = 253'402'300'799;

// RFC 5322 allows more in a host name than a file name does, and Maildir gives "/" and ":" a meaning.
std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name = {};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "localhost";
  std::string safe;
  for (const char c : std::string_view(name.data())) {
    if (c == '/') {
      safe += "\\057";
    } else if (c == ':') {
      safe += "\\072";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string message_name(const std::string& token, const pigeon::Written& written,
                         std::optional<std::int64_t> received) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now - seconds);
  const auto came = received ? std::max<std::int64_t>(*received, 0) : seconds.count();
  return std::to_string(came) + ".M" + std::to_string(microseconds.count()) + "P" +
         std::to_string(::getpid()) + "T" + token + "." + host_name() +
         ",S=" + std::to_string(written.bytes) + ",W=" + std::to_string(written.wire_size);
}

std::string_view unique_part(std::string_view name) {
  return name.substr(0, name.find(':'));
}

std::uint32_t marks_in(std::string_view name) {
  const auto at = name.rfind(kMarked);
  if (at == std::string_view::npos) return 0;
  std::uint32_t marks = 0;
  for (const char c : name.substr(at + kMarked.size())) {
    for (const auto& each : kMarks) marks |= each.letter == c ? each.mark : 0;
  }
  return marks;
}

std::string marks_as_text(std::uint32_t marks) {
  std::string letters;
  for (const auto& each : kMarks) {
    if ((marks & each.mark) != 0) letters += each.letter;
  }
  return letters.empty() ? "" : std::string(kMarked) + letters;
}

std::optional<std::int64_t> time_in(std::string_view name) {
  const auto seconds = pigeon::number(name.substr(0, name.find('.')));
  if (!seconds || *seconds > kLatest) return std::nullopt;
  return static_cast<std::int64_t>(*seconds);
}

std::optional<std::string> token_in(std::string_view name) {
  const auto first = name.find('.');
  const auto second = first == std::string_view::npos ? first : name.find('.', first + 1);
  if (second == std::string_view::npos || second < first + kTokenLength + 2) return std::nullopt;
  const auto token = name.substr(second - kTokenLength, kTokenLength);
  const bool is_ours = name[second - kTokenLength - 1] == 'T' &&
                       token.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return is_ours ? std::optional<std::string>(token) : std::nullopt;
}

}  // namespace mda_maildir
