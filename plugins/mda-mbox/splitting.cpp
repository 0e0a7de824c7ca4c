// SPDX-License-Identifier: MIT
#include "splitting.hpp"

#include "from_line.hpp"

#include <pigeon/sdk/text.hpp>

#include <unistd.h>

#include <algorithm>

namespace mda_mbox {
namespace {

using pigeon::Result;

constexpr std::size_t kWindow = 1U << 18U;

std::string_view first_line(std::string_view text) {
  const auto end = text.find('\n');
  return text.substr(0, end == std::string_view::npos ? end : end + 1);
}

// The beginning of the first "From " line at `from` or later; the end of the file if there is none.
Result<std::uint64_t> find_from_line(Window& window, std::uint64_t from) {
  constexpr std::string_view kAtLine = "\nFrom ";
  constexpr std::size_t kLeast = 2 * kLongestFromLine;  // of what is held, all is looked at
  while (from < window.size()) {
    auto text = PIGEON_TRY(window.at(from, kLongestFromLine));
    if (time_of_from_line(first_line(text.substr(0, kLongestFromLine + 1)))) return from;
    text = PIGEON_TRY(window.at(from, kLeast));
    std::size_t at = 0;
    for (;;) {
      at = text.find(kAtLine, at);
      if (at == std::string_view::npos || text.size() - at <= kLongestFromLine + 1) break;
      if (time_of_from_line(first_line(text.substr(at + 1, kLongestFromLine + 1)))) return from + at + 1;
      ++at;
    }
    if (at != std::string_view::npos) {
      from += at + 1;  // too near to the end of what is held to be looked at here
    } else if (text.size() < kAtLine.size() || from + text.size() >= window.size()) {
      break;
    } else {
      // What may be the beginning of such a line stays: "\nFrom" at most.
      from += text.size() - (kAtLine.size() - 1);
      const auto tail = PIGEON_TRY(window.at(from, kAtLine.size()));
      const auto end = tail.substr(0, kAtLine.size() - 1).find('\n');
      from += end == std::string_view::npos ? kAtLine.size() - 1 : end + 1;
      if (end == std::string_view::npos) {
        // No line begins here: go on to the next one that does.
        auto rest = PIGEON_TRY(window.at(from, 1));
        while (!rest.empty() && rest.find('\n') == std::string_view::npos) {
          from += rest.size();
          rest = PIGEON_TRY(window.at(from, 1));
        }
        from += rest.empty() ? 0 : rest.find('\n') + 1;
      }
    }
  }
  return window.size();
}

std::optional<std::uint64_t> content_length(std::string_view line) {
  constexpr std::string_view kName = "content-length:";
  if (!pigeon::same_name(line.substr(0, kName.size()), kName)) return std::nullopt;
  auto value = line.substr(kName.size());
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && std::string_view("\r\n\t ").find(value.back()) != std::string_view::npos)
    value.remove_suffix(1);
  return pigeon::number(value);
}

// Where the body ends by the field Content-Length of the header; nothing if there is none, or if no message
// and no end of the file is there.
Result<std::optional<std::uint64_t>> end_by_length(Window& window, std::uint64_t content) {
  std::optional<std::uint64_t> length;
  auto at = content;
  for (;;) {
    auto line = first_line(PIGEON_TRY(window.at(at, 1)));
    // What is held may end within the line.
    if (line.empty() || line.back() != '\n') line = first_line(PIGEON_TRY(window.at(at, kWindow)));
    if (line.empty() || line.back() != '\n') return std::nullopt;
    at += line.size();
    if (line == "\n" || line == "\r\n") break;
    if (const auto found = content_length(line)) length = found;
  }
  if (!length || *length > window.size() - at) return std::nullopt;
  const auto end = at + *length;
  if (end == window.size()) return end;
  auto behind = PIGEON_TRY(window.at(end, kLongestFromLine + 2));
  const auto empty_line = first_line(behind);
  if (empty_line != "\n" && empty_line != "\r\n") return std::nullopt;
  if (end + empty_line.size() == window.size()) return end;
  behind.remove_prefix(empty_line.size());
  if (!time_of_from_line(first_line(behind))) return std::nullopt;
  return end;
}

// Without the empty line behind it, if there is one.
Result<std::uint64_t> end_of_content(Window& window, std::uint64_t content, std::uint64_t next) {
  constexpr std::uint64_t kMost = 3;
  const auto from = std::max(content, next < kMost ? 0 : next - kMost);
  const auto tail = PIGEON_TRY(window.at(from, static_cast<std::size_t>(next - from))).substr(0, next - from);
  const auto begins_line = [&](std::size_t back) {
    return tail.size() == back ? from == content : tail[tail.size() - back - 1] == '\n';
  };
  if (tail.ends_with("\r\n") && begins_line(2)) return next - 2;
  if (tail.ends_with("\n") && begins_line(1)) return next - 1;
  return next;
}

}  // namespace

Result<std::string_view> Window::at(std::uint64_t offset, std::size_t least) {
  if (offset >= size_) return std::string_view();
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(least, size_ - offset));
  const bool is_held = offset >= from_ && offset - from_ <= held_.size() &&
                       held_.size() - static_cast<std::size_t>(offset - from_) >= wanted;
  if (!is_held) {
    if (deadline_.passed()) return pigeon::failure(PIGEON_TIMEOUT, "read " + shown_ + ": the time is up");
    held_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(std::max(least, kWindow), size_ - offset)));
    std::size_t got = 0;
    while (got < held_.size()) {
      const auto more = pigeon::retry([&] {
        return ::pread(file_->get(), held_.data() + got, held_.size() - got,
                       static_cast<off_t>(offset + got));
      });
      if (more < 0) return pigeon::system_failure("read " + shown_, errno);
      if (more == 0) break;
      got += static_cast<std::size_t>(more);
    }
    if (got < held_.size()) size_ = offset + got;
    held_.resize(got);
    from_ = offset;
  }
  return std::string_view(held_).substr(static_cast<std::size_t>(offset - from_));
}

Result<std::optional<Extent>> find_message(Window& window, std::uint64_t from, Quoting quoting) {
  Extent extent;
  extent.begin = PIGEON_TRY(find_from_line(window, from));
  if (extent.begin >= window.size()) return std::nullopt;
  const auto line = first_line(PIGEON_TRY(window.at(extent.begin, kLongestFromLine + 1)));
  extent.received = time_of_from_line(line).value_or(0);
  extent.content = extent.begin + line.size();
  if (quoting == Quoting::mboxcl2) {
    if (const auto end = PIGEON_TRY(end_by_length(window, extent.content))) {
      extent.end = *end;
      const auto behind = first_line(PIGEON_TRY(window.at(*end, 2)).substr(0, 2));
      extent.next = *end + behind.size();
      return extent;
    }
  }
  extent.next = PIGEON_TRY(find_from_line(window, extent.content));
  extent.end = PIGEON_TRY(end_of_content(window, extent.content, extent.next));
  return extent;
}

pigeon::Done each_message(Window& window, std::uint64_t from, Quoting quoting,
                          const std::function<Result<bool>(const Extent&)>& visit) {
  for (auto at = from;;) {
    const auto extent = PIGEON_TRY(find_message(window, at, quoting));
    if (!extent || !PIGEON_TRY(visit(*extent))) return {};
    at = extent->next;
  }
}

Result<std::uint64_t> count_messages(Window& window, Quoting quoting) {
  std::uint64_t found = 0;
  PIGEON_TRY(each_message(window, 0, quoting, [&](const Extent&) -> Result<bool> { return ++found > 0; }));
  return found;
}

Result<bool> is_mbox(Window& window) {
  const auto text = PIGEON_TRY(window.at(0, kLongestFromLine + 2));
  const auto begin = text.find_first_not_of("\r\n");
  if (begin == std::string_view::npos) return text.size() == window.size();
  return time_of_from_line(first_line(text.substr(begin))).has_value();
}

}  // namespace mda_mbox
