// SPDX-License-Identifier: MIT
#include "from_line.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

namespace mda_mbox {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::size_t kLongestSender = 500;

std::string one_word(std::string_view sender) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  if (sender.empty()) return "MAILER-DAEMON";
  std::string word;
  for (const char c : sender.substr(0, kLongestSender / 3)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f) {
      word += c;
    } else {
      word += {'=', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return word;
}

std::string two_digits(int value, char fill) {
  return {value < 10 ? fill : static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

std::optional<int> number_up_to(std::string_view text, std::uint64_t most) {
  const auto value = pigeon::number(text);
  if (!value || *value > most) return std::nullopt;
  return static_cast<int>(*value);
}

// "hh:mm" or "hh:mm:ss".
bool take_time(std::string_view word, std::tm& time) {
  const auto parts = pigeon::split(word, ':');
  if (parts.size() != 2 && parts.size() != 3) return false;
  const auto hour = number_up_to(parts[0], 23);
  const auto minute = number_up_to(parts[1], 59);
  const auto second = parts.size() == 3 ? number_up_to(parts[2], 60) : 0;
  if (!hour || !minute || !second) return false;
  time.tm_hour = *hour;
  time.tm_min = *minute;
  time.tm_sec = *second;
  return true;
}

// Seconds east of Greenwich of "+0130"; nothing if it is another word.
std::optional<std::int64_t> numeric_zone(std::string_view word) {
  if (word.size() != 5 || (word[0] != '+' && word[0] != '-')) return std::nullopt;
  const auto hours = number_up_to(word.substr(1, 2), 23);
  const auto minutes = number_up_to(word.substr(3, 2), 59);
  if (!hours || !minutes) return std::nullopt;
  const std::int64_t seconds = (std::int64_t{*hours} * 60 + *minutes) * 60;
  return word[0] == '-' ? -seconds : seconds;
}

template <std::size_t N>
std::optional<int> place_in(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

// "Thu Nov 25 02:14:30 2026" from the word at `at` on, with zones before or behind the year.
std::optional<std::int64_t> time_in(const std::vector<std::string_view>& words, std::size_t at) {
  constexpr std::size_t kWordsBeforeYear = 4;
  constexpr std::size_t kMostZones = 2;
  std::tm time = {};
  if (at + kWordsBeforeYear >= words.size() || !place_in(kDays, words[at])) return std::nullopt;
  const auto month = place_in(kMonths, words[at + 1]);
  const auto day = number_up_to(words[at + 2], 31);
  if (!month || !day || *day == 0 || !take_time(words[at + 3], time)) return std::nullopt;
  std::int64_t east = 0;
  for (std::size_t next = at + kWordsBeforeYear;
       next <= at + kWordsBeforeYear + kMostZones && next < words.size(); ++next) {
    const auto year = words[next].size() == 4 ? number_up_to(words[next], 9999) : std::nullopt;
    if (!year) {
      east = numeric_zone(words[next]).value_or(east);
      continue;
    }
    if (next + 1 < words.size()) east = numeric_zone(words[next + 1]).value_or(east);
    time.tm_mon = *month;
    time.tm_mday = *day;
    time.tm_year = *year - 1900;
    return static_cast<std::int64_t>(::timegm(&time)) - east;
  }
  return std::nullopt;
}

}  // namespace

std::string from_line(std::string_view sender, std::int64_t received) {
  const std::time_t seconds = received;
  std::tm time = {};
  if (::gmtime_r(&seconds, &time) == nullptr || time.tm_year < -1900 || time.tm_year > 9999 - 1900) {
    time = {};
    time.tm_mday = 1;
    time.tm_year = 70;
    time.tm_wday = 4;
  }
  auto year = std::to_string(time.tm_year + 1900);
  year.insert(0, 4 - std::min<std::size_t>(year.size(), 4), '0');
  return std::string(kFrom) + one_word(sender) + " " +
         std::string(kDays.at(static_cast<std::size_t>(time.tm_wday))) + " " +
         std::string(kMonths.at(static_cast<std::size_t>(time.tm_mon))) + " " +
         two_digits(time.tm_mday, ' ') + " " + two_digits(time.tm_hour, '0') + ":" +
         two_digits(time.tm_min, '0') + ":" + two_digits(time.tm_sec, '0') + " " + year + "\n";
}

std::optional<std::int64_t> time_of_from_line(std::string_view line) {
  if (!pigeon::starts_with(line, kFrom) || line.size() > kLongestFromLine) return std::nullopt;
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  auto words = pigeon::split(line.substr(kFrom.size()), ' ');
  std::erase(words, "");
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (const auto time = time_in(words, at)) return time;
  }
  return std::nullopt;
}

}  // namespace mda_mbox
