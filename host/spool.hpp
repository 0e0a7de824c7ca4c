// SPDX-License-Identifier: MIT
//
// The message, read once from the MTA into something without a name that can be read and not changed: memory
// up to a bound, else a file.
#pragma once

#include "host/configuration.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace pigeon::host {

class Spool {
 public:
  class Writer;

  // Reads `input` to its end, also when the message turns out to be larger than `limit` and is refused.
  static Result<Spool> read(int input, const SpoolSettings& settings, std::optional<std::uint64_t> limit,
                            Deadline deadline);

  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&&) = delete;
  ~Spool();

  // A shared, read-only mapping, valid as long as this is.
  [[nodiscard]] std::string_view text() const { return {static_cast<const char*>(mapped_), size_}; }

 private:
  Spool(Fd file, const void* mapped, std::size_t size)
      : file_(std::move(file)), mapped_(mapped), size_(size) {}
  static Result<Spool> map(Fd file);

  Fd file_;
  const void* mapped_;
  std::size_t size_;
};

// A message that comes in pieces.
class Spool::Writer {
 public:
  static Result<Writer> open(const SpoolSettings& settings);
  Done add(std::string_view bytes);
  Result<Spool> end() &&;

 private:
  Writer(const SpoolSettings& settings, Fd file) : settings_(&settings), file_(std::move(file)) {}

  const SpoolSettings* settings_;
  Fd file_;
  std::uint64_t size_ = 0;
  bool in_memory_ = true;
};

// Reads to the end and keeps nothing: an MTA may take unread input for a failure of its own kind.
void drain(int input, Deadline deadline);

}  // namespace pigeon::host
