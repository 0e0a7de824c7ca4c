// SPDX-License-Identifier: MIT
//
// The quota of a Maildir++, counted in its file "maildirsize" as Courier, maildrop and others do: the limits
// in the first line, then a line "bytes messages" for each change; read whole, added up, and counted anew
// from the folders when it is long, or says that the mailbox is full and may be wrong. Not exact under races,
// by its own definition.
#pragma once

#include <mailbox-rules/limits.hpp>

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mda_maildir {

using mailbox_rules::Limits;
using pigeon::Usage;

class Quota {
 public:
  // No limit at all: nothing is counted.
  explicit Quota(Limits limits) : limits_(limits) {}

  [[nodiscard]] const Limits& limits() const { return limits_; }

  // Whether one more message of this size would be too much.
  pigeon::Result<bool> would_exceed(const pigeon::Directory& maildir, std::uint64_t size) const;

  // Whether one more message would be too much for a folder alone, counted by itself.
  pigeon::Result<bool> would_overfill(const pigeon::Directory& folder, std::uint64_t size) const;

  // What is noted; counted, where nothing is. recount: counted in any case, and noted.
  pigeon::Result<Usage> usage(const pigeon::Directory& maildir, bool recount) const;

  // Notes a message that was stored.
  static pigeon::Done add(const pigeon::Directory& maildir, std::uint64_t size);

  // Counts what is there: all folders but the trash, as Maildir++ has it.
  static pigeon::Result<Usage> count(const pigeon::Directory& maildir);

 private:
  [[nodiscard]] std::string definition() const;
  pigeon::Result<Usage> count_anew(const pigeon::Directory& maildir) const;

  Limits limits_;
};

// Whether this is the path of a directory that the quota leaves out.
bool is_trash_directory(std::string_view path);

// The size in a message's name, ",S=4096"; nothing if it has none.
std::optional<std::uint64_t> size_in_name(std::string_view name);

}  // namespace mda_maildir
