// SPDX-License-Identifier: MIT
//
// What is appended to an mbox, on its way from where it stands in memory: large parts are written from there.
// Whatever it writes ends at the end of a block of the file, but for the last.
#pragma once

#include "state.hpp"

#include <pigeon/sdk/file.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mda_mbox {

class Appender {
 public:
  // What is shorter is copied.
  static constexpr std::size_t kWorthNoCopy = 512;

  // Behind `begin`, which is the end of the file.
  Appender(const pigeon::Fd& file, State& state, std::uint64_t begin, std::string shown);

  // The bytes, where they are not copied, stay as they are until end. False: no more is to come; end tells
  // why.
  bool add(std::string_view bytes);
  pigeon::Done end();

 private:
  // Of what is held: bytes that stand elsewhere, or the next of what was copied.
  struct Piece {
    const char* lent = nullptr;
    std::size_t size = 0;
  };

  pigeon::Done write(bool is_last);
  [[nodiscard]] std::vector<std::string_view> held() const;
  std::string take_back(std::size_t size);

  const pigeon::Fd& file_;
  State& state_;
  std::uint64_t at_;
  std::string shown_;
  std::vector<Piece> pieces_;
  std::string copied_;
  std::size_t size_ = 0;  // of all that is held
  pigeon::Done met_;
};

}  // namespace mda_mbox
