// SPDX-License-Identifier: MIT
//
// A message in the parts that its records hold, each no longer than the database takes in one go; and what
// IMAP wants to know of it.
#pragma once

#include <pigeon/sdk/message.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sql_mailbox {

class Parts {
 public:
  // REQUIRES: largest is not 0. The message outlives this.
  Parts(const pigeon::Message& message, std::size_t largest);

  // The next part, lent until the next call; the only one of an empty message is empty. Nothing: that was the
  // last. The memory of what was passed, in a large message that is mapped, is given back.
  std::optional<std::string_view> next();

 private:
  std::vector<std::string_view> segments_;
  std::size_t largest_;
  bool forgets_;
  std::size_t segment_ = 0;
  std::size_t at_ = 0;
  bool has_begun_ = false;
  bool last_is_of_body_ = false;  // alone: only that is the host's mapping
  std::string joined_;
  std::string_view last_;
};

// The size with every line ended by CR LF (RFC 3501, section 2.3.4).
std::uint64_t wire_size(const pigeon::Message& message);

}  // namespace sql_mailbox
