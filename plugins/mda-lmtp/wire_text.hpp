// SPDX-License-Identifier: MIT
//
// A message as it goes over the wire: its lines end with CR LF, and none of them is the "." that ends it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mda_lmtp {

// RFC 5321, section 2.3.8, forbids CR without LF, and section 4.5.2 has no NUL. Programs disagree about what
// they are; a CR that one takes for the end of a line lets a message end where another sees none.
enum class Forbidden { replace, keep };

// Converts a message that comes in pieces. LF without CR ends a line, as it does in the file that an MTA
// gives; a "." at the beginning of a line is doubled (RFC 5321, section 4.5.2); a CR without LF and a NUL
// become a blank, unless they are kept.
class WireText {
 public:
  explicit WireText(Forbidden forbidden) : forbidden_(forbidden) {}

  void add(std::string_view bytes, std::string& to);
  // Ends an unfinished line. The "." that ends the message is not written.
  void end(std::string& to);

  // Octets without the dots that were doubled, as SIZE counts (RFC 1870, section 6).
  [[nodiscard]] std::uint64_t octets() const { return octets_; }
  [[nodiscard]] bool has_eight_bits() const { return has_eight_bits_; }

 private:
  void put(std::string_view bytes, std::string& to);

  Forbidden forbidden_;
  bool is_after_cr_ = false;
  bool begins_line_ = true;
  bool has_eight_bits_ = false;
  std::uint64_t octets_ = 0;
};

}  // namespace mda_lmtp
