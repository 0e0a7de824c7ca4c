// SPDX-License-Identifier: MIT
//
// The way back from an mbox: a message as it was delivered, with the quoting undone and without the fields of
// readers; and the marks that these say.
#pragma once

#include "rendering.hpp"
#include "splitting.hpp"

#include <pigeon/sdk/time.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mda_mbox {

// Takes the message as it stands in the file, in pieces, and gives it as it was.
class Original {
 public:
  using Give = std::function<bool(std::string_view)>;
  Original(Quoting quoting, Give give) : quoting_(quoting), give_(std::move(give)) {}

  // False: `give` has returned false, and no more is given.
  bool add(std::string_view bytes);
  bool end();
  [[nodiscard]] std::uint32_t marks() const { return marks_; }

 private:
  enum class At { line_begin, in_line, dropping, quoted };

  void take_line_begin(std::string_view& bytes);
  void decide_field();
  void take_quoted(std::string_view& bytes);
  void end_quoted(bool is_quoted);
  void take_plain(std::string_view& bytes);
  void put(std::string_view bytes);
  [[nodiscard]] bool may_be_quoted() const;

  Quoting quoting_;
  Give give_;
  bool wants_more_ = true;
  bool in_header_ = true;
  bool was_dropped_ = false;  // the line before: what continues it goes with it
  bool is_unfinished_ = false;
  bool has_held_ = false;  // a line end that may be the last one, and then not the message's own
  At at_ = At::line_begin;
  std::string head_;         // the beginning of a line of the header
  std::size_t matched_ = 0;  // of "From ", behind ">"
  std::uint32_t marks_ = 0;
};

// Gives one message of a file. Answers its marks.
pigeon::Result<std::uint32_t> give_original(Window& window, const Extent& extent, Quoting quoting,
                                            pigeon::Deadline deadline, const Original::Give& give);

}  // namespace mda_mbox
