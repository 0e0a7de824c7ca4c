// SPDX-License-Identifier: MIT
#include "wire_text.hpp"

#include <algorithm>

namespace mda_lmtp {
namespace {

bool is_plain(char c) {
  return c != '\r' && c != '\n' && c != '\0';
}

}  // namespace

// REQUIRES: no line ends within `bytes`.
void WireText::put(std::string_view bytes, std::string& to) {
  if (bytes.empty()) return;
  if (begins_line_ && bytes.front() == '.') to += '.';
  to += bytes;
  octets_ += bytes.size();
  begins_line_ = false;
}

void WireText::add(std::string_view bytes, std::string& to) {
  has_eight_bits_ = has_eight_bits_ || std::any_of(bytes.begin(), bytes.end(), [](char c) {
                      return (static_cast<unsigned char>(c) & 0x80U) != 0;
                    });
  while (!bytes.empty()) {
    const char c = bytes.front();
    if (is_after_cr_ && c != '\n') put(forbidden_ == Forbidden::keep ? "\r" : " ", to);
    is_after_cr_ = c == '\r';
    if (is_plain(c)) {
      const auto* const end = std::find_if_not(bytes.begin(), bytes.end(), is_plain);
      const auto run = bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
      put(run, to);
      bytes.remove_prefix(run.size());
      continue;
    }
    if (c == '\0') put(forbidden_ == Forbidden::keep ? std::string_view("\0", 1) : " ", to);
    if (c == '\n') {
      to += "\r\n";
      octets_ += 2;
      begins_line_ = true;
    }
    bytes.remove_prefix(1);
  }
}

void WireText::end(std::string& to) {
  if (is_after_cr_) put(forbidden_ == Forbidden::keep ? "\r" : " ", to);
  is_after_cr_ = false;
  if (!begins_line_) {
    to += "\r\n";
    octets_ += 2;
    begins_line_ = true;
  }
}

}  // namespace mda_lmtp
