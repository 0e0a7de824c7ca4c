// SPDX-License-Identifier: MIT
//
// What we know of an mbox file between deliveries, in a file beside it that deliveries do not flush: whatever
// a power failure leaves of it, no mail is lost by it.
//
//   adopted    the file's size when it was taken over: what is before it is none of our business
//   messages   how many there were when the file had this size and was changed at this time
//   intent     what is being appended now: from where, how much, and a hash of every block of it. What an
//              attempt that was killed has left can so be told from everything else, and be cut off
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mda_mbox {

// The file's blocks: a write that was cut off by death ends at the end of one.
constexpr std::uint64_t kBlock = 4096;

class State {
 public:
  static constexpr std::uint64_t kUnknown = UINT64_MAX;

  // REQUIRES: whoever opens it excludes others before it loads.
  static pigeon::Result<State> open(const pigeon::Directory& own, const std::string& name, bool make);
  pigeon::Done load();

  [[nodiscard]] const pigeon::Fd& file() const { return file_; }

  [[nodiscard]] std::uint64_t adopted() const { return header_.adopted; }
  // Durably.
  pigeon::Done adopt(std::uint64_t size);
  // How many messages there are; nothing if another program has changed the file.
  [[nodiscard]] std::optional<std::uint64_t> messages(const struct stat& status) const;
  // Whether it was written since this machine was started: else a power failure may have been between.
  [[nodiscard]] bool is_of_this_boot() const;

  // Where an append of ours that did not come to its end begins, if what stands behind that is nothing but
  // a part of it.
  [[nodiscard]] pigeon::Result<std::optional<std::uint64_t>> unfinished(const pigeon::Fd& mbox,
                                                                        std::uint64_t size,
                                                                        const std::string& shown) const;

  // Whether an append of ours was begun of which nobody has noted how it ended.
  [[nodiscard]] bool has_intent() const { return header_.length != 0; }
  // Whether that place belongs to such an append.
  [[nodiscard]] bool is_intended(std::uint64_t at) const {
    return has_intent() && at >= header_.begin && at - header_.begin < header_.length;
  }

  // Something is to be appended from there on.
  void intend(std::uint64_t begin);
  // Before bytes, which stand in pieces, are appended to what was announced so far. is_last: nothing comes
  // behind them; else they end at the end of a block.
  pigeon::Done announce(std::span<const std::string_view> pieces, bool is_last);
  // After all of it.
  void end_intent();
  pigeon::Done note(const struct stat& status, std::optional<std::uint64_t> messages);

 private:
  struct Header {
    std::array<char, 16> magic = {};
    std::array<char, 40> boot = {};
    std::uint64_t adopted = 0;
    std::uint64_t size = 0;
    std::int64_t changed_seconds = 0;
    std::int64_t changed_nanoseconds = 0;
    std::uint64_t messages = kUnknown;
    std::uint64_t begin = 0;
    std::uint64_t length = 0;  // 0: nothing is being appended; kUnknown: not known yet
    std::uint64_t announced = 0;
    std::uint64_t check = 0;
  };

  State(pigeon::Fd file, std::string shown) : file_(std::move(file)), shown_(std::move(shown)) {}
  pigeon::Done write(std::size_t first_hash);

  pigeon::Fd file_;
  std::string shown_;
  Header header_;
  std::vector<std::uint64_t> hashes_;  // of the blocks that were announced
  std::uint64_t announced_bytes_ = 0;
};

}  // namespace mda_mbox
