// SPDX-License-Identifier: MIT
//
// The messages of an mbox file, one after another, in bounded memory, whatever stands in it.
#pragma once

#include "rendering.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mda_mbox {

// Reads a file of a known size, until the time is up. The file may be shorter than that by now: then it ends
// there.
class Window {
 public:
  Window(const pigeon::Fd& file, std::uint64_t size, std::string shown, pigeon::Deadline deadline)
      : file_(&file), size_(size), shown_(std::move(shown)), deadline_(deadline) {}

  // What stands from there on: at least `least` bytes, or all up to the end. Valid until the next call.
  pigeon::Result<std::string_view> at(std::uint64_t offset, std::size_t least);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  const pigeon::Fd* file_;
  std::uint64_t size_;
  std::string shown_;
  pigeon::Deadline deadline_;
  std::string held_;
  std::uint64_t from_ = 0;
};

// For what is read at once.
constexpr pigeon::Deadline kAnyTime{UINT64_MAX};

// Where a message stands.
struct Extent {
  std::uint64_t begin = 0;    // of its "From " line
  std::uint64_t content = 0;  // behind that
  std::uint64_t end = 0;      // before the empty line that ends it
  std::uint64_t next = 0;     // where the next one begins, or the end of the file
  std::int64_t received = 0;
};

// The first message that begins at `from` or later; nothing: there is none. REQUIRES: a line begins at
// `from`.
pigeon::Result<std::optional<Extent>> find_message(Window& window, std::uint64_t from, Quoting quoting);

// Calls `visit` with each one that begins at `from` or later, as long as that says true.
pigeon::Done each_message(Window& window, std::uint64_t from, Quoting quoting,
                          const std::function<pigeon::Result<bool>(const Extent&)>& visit);

// How many there are.
pigeon::Result<std::uint64_t> count_messages(Window& window, Quoting quoting);

// Whether a file is an mbox, or empty: before its first message there are empty lines at most.
pigeon::Result<bool> is_mbox(Window& window);

}  // namespace mda_mbox
