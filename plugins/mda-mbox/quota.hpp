// SPDX-License-Identifier: MIT
//
// The quota of a mailbox: the sizes of its files, all of them, and the messages in them.
#pragma once

#include "mailbox.hpp"
#include "rendering.hpp"
#include "spool.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/settings.hpp>

#include <cstdint>
#include <optional>

namespace mda_mbox {

class Quota {
 public:
  explicit Quota(const pigeon::Settings& preferences);

  [[nodiscard]] bool is_set() const { return bytes_ || messages_; }
  [[nodiscard]] std::uint64_t bytes_limit() const { return bytes_.value_or(0); }
  [[nodiscard]] std::uint64_t messages_limit() const { return messages_.value_or(0); }

  // Whether one more message of this size would be too much.
  [[nodiscard]] bool exceeds(const pigeon::Usage& usage, std::uint64_t size) const;
  [[nodiscard]] Failure failure(const Mailbox& mailbox) const;

  // open: a file that is locked already, by the name of its folder. What nobody knows is counted where
  // with_messages says that it is wanted.
  static Result<pigeon::Usage> usage(Mailbox& mailbox, Quoting quoting, const LockRules& rules, Spool* open,
                                     const std::string& open_file, bool with_messages, bool recount,
                                     pigeon::Deadline deadline);
  [[nodiscard]] bool counts_messages() const { return messages_.has_value(); }

 private:
  std::optional<std::uint64_t> bytes_;
  std::optional<std::uint64_t> messages_;
  bool is_final_;
};

// The state of a folder's file. REQUIRES: nobody else of ours is at the mailbox.
Result<State> folder_state(const Mailbox& mailbox, const std::string& file);

}  // namespace mda_mbox
