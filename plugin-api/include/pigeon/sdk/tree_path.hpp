// SPDX-License-Identifier: MIT
//
// The path of an object in the tree. The canonical spelling is defined in pigeon/abi/object.h.
#pragma once

#include <pigeon/sdk/text.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::inline v0 {

class TreePath {
 public:
  static constexpr std::size_t kLongestName = 255;
  static constexpr std::size_t kDeepest = 32;

  TreePath() = default;  // the root

  // Nothing if `text` is no path: relative, with an empty, overlong or ill-formed name, or too deep. Any
  // spelling is accepted; the path is canonical.
  static std::optional<TreePath> parse(std::string_view text) {
    if (text == "/") return TreePath();
    if (text.empty() || text.front() != '/') return std::nullopt;
    TreePath path;
    for (const auto segment : split(text.substr(1), '/')) {
      const auto name = decode(segment);
      if (!name || !is_name(*name) || path.names_.size() == kDeepest) return std::nullopt;
      path.names_.push_back(*name);
    }
    return path;
  }

  // What can be the name of an object: not empty, not too long, UTF-8 without control characters.
  static bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName && is_utf8(name) && !has_control_characters(name);
  }

  [[nodiscard]] bool is_root() const { return names_.empty(); }
  [[nodiscard]] std::size_t depth() const { return names_.size(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  // REQUIRES: not the root.
  [[nodiscard]] const std::string& name() const { return names_.back(); }
  [[nodiscard]] TreePath parent() const {
    TreePath above(*this);
    above.names_.pop_back();
    return above;
  }
  // REQUIRES: is_name(name).
  [[nodiscard]] TreePath child(std::string_view name) const {
    TreePath below(*this);
    below.names_.emplace_back(name);
    return below;
  }
  [[nodiscard]] bool is_below(const TreePath& other) const {
    return names_.size() > other.names_.size() &&
           std::equal(other.names_.begin(), other.names_.end(), names_.begin());
  }

  [[nodiscard]] std::string text() const {
    if (names_.empty()) return "/";
    std::string text;
    for (const auto& name : names_) text += "/" + encode(name);
    return text;
  }
  // A name as it is written in a path, and back; nothing if a "%" is not followed by two hexadecimal digits.
  static std::string encode(std::string_view name) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : name) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte <= 0x20 || byte == 0x7f || c == '%' || c == '/') {
        encoded += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
      } else {
        encoded += c;
      }
    }
    return encoded;
  }
  static std::optional<std::string> decode(std::string_view segment) {
    std::string name;
    while (!segment.empty()) {
      if (segment.front() != '%') {
        name += segment.front();
        segment.remove_prefix(1);
        continue;
      }
      unsigned byte = 0;
      const auto hex = segment.substr(1, 2);
      const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
      if (hex.size() != 2 || error != std::errc() || end != hex.data() + 2) return std::nullopt;
      name += static_cast<char>(byte);
      segment.remove_prefix(3);
    }
    return name;
  }
  friend bool operator==(const TreePath&, const TreePath&) = default;

 private:
  std::vector<std::string> names_;
};

}  // namespace pigeon::inline v0
