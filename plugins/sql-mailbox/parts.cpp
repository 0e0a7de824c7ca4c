// SPDX-License-Identifier: MIT
#include "parts.hpp"

#include <pigeon/sdk/file.hpp>

#include <algorithm>

namespace sql_mailbox {
namespace {

constexpr std::size_t kLarge = 1U << 20U;

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
  while (segment_ < segments_.size() && joined_.size() < largest_) {
    const auto piece = segments_[segment_].substr(at_, largest_ - joined_.size());
    joined_ += piece;
    at_ += piece.size();
    if (at_ == segments_[segment_].size()) ++segment_, at_ = 0;
  }
  return last_ = joined_;
}

std::uint64_t wire_size(const pigeon::Message& message) {
  std::uint64_t size = 0;
  char last = '\0';
  Parts parts(message, kLarge);
  while (const auto part = parts.next()) {
    size += part->size();
    for (auto at = part->find('\n'); at != std::string_view::npos; at = part->find('\n', at + 1)) {
      if ((at == 0 ? last : (*part)[at - 1]) != '\r') ++size;
    }
    if (!part->empty()) last = part->back();
  }
  return size;
}

}  // namespace sql_mailbox
