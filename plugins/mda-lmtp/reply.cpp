// SPDX-License-Identifier: MIT
#include "reply.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <utility>

namespace mda_lmtp {
namespace {

using pigeon::Dsn;
using pigeon::Result;

// RFC 5321, section 4.5.3.1.5, has 512 for a line; servers that say more are not refused for it.
constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kLongestReply = 65536;

pigeon::Failure no_reply(const std::string& why) {
  return pigeon::unavailable("what the server answered is no reply: " + why)
      .with_remedy("see that what listens there is a server for LMTP");
}

std::string beginning(std::string_view text) {
  constexpr std::size_t kMost = 60;
  return "'" + pigeon::printable(text.substr(0, kMost)) + "'";
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// RFC 3463, section 2: one digit, then two numbers of at most three.
std::optional<Dsn> parse_status(std::string_view text) {
  const auto parts = pigeon::split(text, '.');
  if (parts.size() != 3 || parts[0].size() != 1) return std::nullopt;
  Dsn dsn;
  const auto take = [](std::string_view part, unsigned short& into) {
    const auto value = part.size() <= 3 ? pigeon::number(part) : std::nullopt;
    if (value) into = static_cast<unsigned short>(*value);
    return value.has_value();
  };
  if (!take(parts[0], dsn.of_class) || !take(parts[1], dsn.subject) || !take(parts[2], dsn.detail))
    return std::nullopt;
  return dsn;
}

}  // namespace

std::string Reply::shown() const {
  constexpr std::size_t kMost = 300;
  auto text = std::to_string(code);
  if (dsn.of_class != 0) {
    text += " " + std::to_string(dsn.of_class) + "." + std::to_string(dsn.subject) + "." +
            std::to_string(dsn.detail);
  }
  for (const auto& line : lines) {
    if (text.size() < kMost && !line.empty()) text += " " + line;
  }
  return pigeon::printable(std::string_view(text).substr(0, kMost));
}

Result<bool> ReplyReader::take(std::string_view line) {
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit))
    return no_reply("it begins with " + beginning(line));
  const auto code = static_cast<unsigned>(*pigeon::number(line.substr(0, 3)));
  const char follows = line.size() == 3 ? ' ' : line[3];
  if (code < 200 || code > 599 || (follows != ' ' && follows != '-'))
    return no_reply("it begins with " + beginning(line));
  if (reply_.code != 0 && reply_.code != code)
    return no_reply("its lines have the codes " + std::to_string(reply_.code) + " and " +
                    std::to_string(code));
  size_ += line.size();
  if (size_ > kLongestReply) return no_reply("it does not end");
  reply_.code = code;
  auto text = line.substr(std::min<std::size_t>(line.size(), 4));
  const auto word = text.substr(0, text.find(' '));
  if (const auto status = parse_status(word); status && status->of_class == code / 100) {
    reply_.dsn = *status;
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  reply_.lines.emplace_back(text);
  return follows == ' ';
}

Result<std::optional<Reply>> ReplyReader::next() {
  std::size_t at = 0;
  for (;;) {
    const auto end = unread_.find('\n', at);
    if (end == std::string::npos || end - at > kLongestLine) {
      if (unread_.size() - at > kLongestLine) return no_reply("it has a line that does not end");
      unread_.erase(0, at);
      return std::nullopt;
    }
    auto line = std::string_view(unread_).substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    at = end + 1;
    if (!PIGEON_TRY(take(line))) continue;
    unread_.erase(0, at);
    size_ = 0;
    return std::exchange(reply_, Reply());
  }
}

}  // namespace mda_lmtp
