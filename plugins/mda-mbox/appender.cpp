// SPDX-License-Identifier: MIT
#include "appender.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <span>
#include <utility>

namespace mda_mbox {
namespace {

using pigeon::Done;

// A batch that is not larger, and not in more pieces, goes out in one write. Every other piece at least is
// worth no copy, so that so many are more than a block.
constexpr std::size_t kOneWrite = 1U << 20U;
constexpr std::size_t kMostPieces = IOV_MAX;
static_assert(kMostPieces / 2 * Appender::kWorthNoCopy > 2 * kBlock);

Done write_all(const pigeon::Fd& file, std::span<const std::string_view> pieces, const std::string& shown) {
  std::vector<iovec> parts;
  parts.reserve(pieces.size());
  // NOLINTNEXTLINE(*-const-cast): is only read
  for (const auto piece : pieces) parts.push_back({const_cast<char*>(piece.data()), piece.size()});
  for (std::span<iovec> rest(parts); !rest.empty();) {
    const auto written =
        pigeon::retry([&] { return ::writev(file.get(), rest.data(), static_cast<int>(rest.size())); });
    if (written < 0) return pigeon::system_failure("write " + shown, errno);
    for (auto left = static_cast<std::size_t>(written); !rest.empty();) {
      auto& part = rest.front();
      const auto taken = std::min(left, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + taken;
      part.iov_len -= taken;
      left -= taken;
      if (part.iov_len != 0) break;
      rest = rest.subspan(1);
    }
  }
  return {};
}

}  // namespace

Appender::Appender(const pigeon::Fd& file, State& state, std::uint64_t begin, std::string shown)
    : file_(file), state_(state), at_(begin), shown_(std::move(shown)) {
  state_.intend(begin);
}

bool Appender::add(std::string_view bytes) {
  if (bytes.size() >= kWorthNoCopy) {
    pieces_.push_back({bytes.data(), bytes.size()});
  } else if (!bytes.empty()) {
    if (pieces_.empty() || pieces_.back().lent != nullptr) pieces_.emplace_back();
    pieces_.back().size += bytes.size();
    copied_ += bytes;
  }
  size_ += bytes.size();
  if (size_ < kOneWrite && pieces_.size() < kMostPieces) return true;
  met_ = write(false);
  return static_cast<bool>(met_);
}

Done Appender::end() {
  PIGEON_TRY(std::exchange(met_, {}));
  return write(true);
}

Done Appender::write(bool is_last) {
  const auto rest = is_last ? std::string() : take_back(static_cast<std::size_t>((at_ + size_) % kBlock));
  const auto whole = held();
  PIGEON_TRY(state_.announce(whole, is_last));
  PIGEON_TRY(write_all(file_, whole, shown_));
  at_ += size_;
  pieces_.clear();
  copied_ = rest;
  size_ = rest.size();
  if (!rest.empty()) pieces_.push_back({nullptr, rest.size()});
  return {};
}

std::vector<std::string_view> Appender::held() const {
  std::vector<std::string_view> whole;
  whole.reserve(pieces_.size());
  std::string_view copied = copied_;
  for (const auto& [lent, size] : pieces_) {
    whole.push_back(lent != nullptr ? std::string_view(lent, size) : copied.substr(0, size));
    if (lent == nullptr) copied.remove_prefix(size);
  }
  return whole;
}

// The last bytes of what is held, which then are not.
std::string Appender::take_back(std::size_t size) {
  std::string taken(size, '\0');
  size_ -= size;
  while (size > 0) {
    auto& [lent, length] = pieces_.back();
    const auto part = std::min(size, length);
    const auto* const end = lent != nullptr ? lent + length : copied_.data() + copied_.size();
    std::memcpy(taken.data() + size - part, end - part, part);
    if (lent == nullptr) copied_.resize(copied_.size() - part);
    length -= part;
    size -= part;
    if (length == 0) pieces_.pop_back();
  }
  return taken;
}

}  // namespace mda_mbox
