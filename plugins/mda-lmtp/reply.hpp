// SPDX-License-Identifier: MIT
//
// What a server answers (RFC 5321, section 4.2), read from bytes that nobody vouches for.
#pragma once

#include <pigeon/sdk/result.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mda_lmtp {

struct Reply {
  unsigned code = 0;               // 200 to 599
  pigeon::Dsn dsn;                 // RFC 2034; zeros if it gave none that agrees with its code
  std::vector<std::string> lines;  // what stands behind the code, line by line, without the status

  [[nodiscard]] bool is_positive() const { return code / 100 == 2; }
  [[nodiscard]] bool is_permanent() const { return code / 100 == 5; }
  // RFC 5321, section 3.8: the server is about to close the connection.
  [[nodiscard]] bool is_farewell() const { return code == 421; }
  // For the log: one line, printable, and not long.
  [[nodiscard]] std::string shown() const;
};

// Puts replies together from bytes as they come. What is longer than any server's, or is no reply, is a
// failure; then the rest means nothing either.
class ReplyReader {
 public:
  void add(std::string_view bytes) { unread_ += bytes; }
  // The next reply; nothing: it is not complete yet.
  pigeon::Result<std::optional<Reply>> next();
  [[nodiscard]] bool has_unread() const { return !unread_.empty() || reply_.code != 0; }

 private:
  // True: it was the last line of its reply.
  pigeon::Result<bool> take(std::string_view line);

  std::string unread_;
  Reply reply_;  // as far as it has come
  std::size_t size_ = 0;
};

}  // namespace mda_lmtp
