// SPDX-License-Identifier: MIT
#include "parts.hpp"

#include <pigeon/sdk/file.hpp>

#include <algorithm>

namespace sql_mailbox {
namespace {

constexpr std::size_t kLarge = 1U << 20U;

// Of the lines in the text, how many end with LF alone. last: the octet before it. So many octets at a time
// that a compiler compares them together.
std::uint64_t count_bare_ends(std::string_view text, char last) {
  constexpr std::size_t kTogether = 64;
  const auto is_bare_end = [](char before, char c) -> unsigned char {
    return static_cast<unsigned char>(c == '\n') & static_cast<unsigned char>(before != '\r');
  };
  if (text.empty()) return 0;
  std::uint64_t count = is_bare_end(last, text.front());
  std::size_t at = 1;
  for (; text.size() - at >= kTogether; at += kTogether) {
    const char* some = text.data() + at;
    unsigned char ends = 0;
    for (std::size_t i = 0; i < kTogether; ++i)
      ends = static_cast<unsigned char>(ends + is_bare_end(some[i - 1], some[i]));
    count += ends;
  }
  for (; at < text.size(); ++at) count += is_bare_end(text[at - 1], text[at]);
  return count;
}

}  // namespace

Parts::Parts(const pigeon::Message& message, std::size_t largest)
    : largest_(largest), forgets_(message.is_mapped() && message.body().size() > kLarge) {
  for (const auto& each : message.prefix()) {
    if (each.size > 0) segments_.push_back(pigeon::view(each));
  }
  if (!message.body().empty()) segments_.push_back(message.body());
}

std::optional<std::string_view> Parts::next() {
  if (forgets_ && last_is_of_body_) pigeon::forget_pages(last_);
  last_is_of_body_ = false;
  if (segment_ == segments_.size()) {
    if (has_begun_) return std::nullopt;
    has_begun_ = true;
    return last_ = std::string_view();
  }
  has_begun_ = true;
  joined_.clear();
  const auto& current = segments_[segment_];
  const bool is_last = segment_ + 1 == segments_.size();
  if (is_last || current.size() - at_ >= largest_) {
    last_is_of_body_ = is_last;
    last_ = current.substr(at_, largest_);
    at_ += last_.size();
    if (at_ == current.size()) ++segment_, at_ = 0;
    return last_;
  }
  std::size_t left = 0;
  for (auto each = segment_; each < segments_.size(); ++each) left += segments_[each].size();
  joined_.reserve(std::min(left - at_, largest_));
  while (segment_ < segments_.size() && joined_.size() < largest_) {
    const auto piece = segments_[segment_].substr(at_, largest_ - joined_.size());
    joined_ += piece;
    at_ += piece.size();
    if (at_ == segments_[segment_].size()) ++segment_, at_ = 0;
  }
  return last_ = joined_;
}

std::uint64_t wire_size(const pigeon::Message& message) {
  auto size = message.size();
  char last = '\0';
  const auto add = [&](std::string_view text) {
    size += count_bare_ends(text, last);
    if (!text.empty()) last = text.back();
  };
  for (const auto& each : message.prefix()) add(pigeon::view(each));
  const bool forgets = message.is_mapped() && message.body().size() > kLarge;
  for (auto rest = message.body(); !rest.empty();) {
    const auto some = rest.substr(0, kLarge);
    add(some);
    if (forgets) pigeon::forget_pages(some);
    rest.remove_prefix(some.size());
  }
  return size;
}

}  // namespace sql_mailbox
