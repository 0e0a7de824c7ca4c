// SPDX-License-Identifier: MIT
#include "folder.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>

namespace mda_maildir {
namespace {

constexpr std::size_t kLongestDirectory = 200;
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool stands_for_itself(char c) {
  return c >= 0x20 && c <= 0x7e && c != '&';
}

// REQUIRES: text begins with a well-formed sequence of `length` bytes.
std::uint32_t code_point(std::string_view text, std::size_t length) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  if (length == 1) return byte(0);
  std::uint32_t value = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (byte(i) & 0x3fU);
  return value;
}

void add_utf8(std::string& to, std::uint32_t value) {
  const auto tail = [&](unsigned shift) { to += static_cast<char>(0x80U | ((value >> shift) & 0x3fU)); };
  if (value < 0x80) {
    to += static_cast<char>(value);
  } else if (value < 0x800) {
    to += static_cast<char>(0xc0U | (value >> 6U));
    tail(0);
  } else if (value < 0x10000) {
    to += static_cast<char>(0xe0U | (value >> 12U));
    tail(6);
    tail(0);
  } else {
    to += static_cast<char>(0xf0U | (value >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

// UTF-16 units in base64 without padding, between "&" and "-".
class Shifted {
 public:
  explicit Shifted(std::string& to) : to_(to) { to_ += '&'; }

  void add(std::uint32_t unit) {
    bits_ = (bits_ << 16U) | unit;
    count_ += 16;
    for (; count_ >= 6; count_ -= 6) to_ += kBase64[(bits_ >> (count_ - 6)) & 0x3fU];
  }
  void close() {
    if (count_ > 0) to_ += kBase64[(bits_ << (6 - count_)) & 0x3fU];
    to_ += '-';
  }

 private:
  std::string& to_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

// The characters of one shifted part; nothing if it is ill-formed.
std::optional<std::string> unshift(std::string_view part) {
  std::string utf8;
  std::uint64_t bits = 0;
  unsigned count = 0;
  std::uint32_t high = 0;
  for (const char c : part) {
    const auto value = kBase64.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | value;
    count += 6;
    if (count < 16) continue;
    count -= 16;
    const auto unit = static_cast<std::uint32_t>((bits >> count) & 0xffffU);
    const bool is_high = unit >= 0xd800 && unit < 0xdc00;
    const bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (is_low != (high != 0)) return std::nullopt;
    if (is_low) add_utf8(utf8, 0x10000 + ((high - 0xd800) << 10U) + (unit - 0xdc00));
    if (!is_low && !is_high) add_utf8(utf8, unit);
    high = is_high ? unit : 0;
  }
  if (high != 0 || count >= 6 || (bits & ((1ULL << count) - 1)) != 0) return std::nullopt;
  return utf8;
}

}  // namespace

std::string to_modified_utf7(std::string_view utf8) {
  std::string encoded;
  while (!utf8.empty()) {
    if (stands_for_itself(utf8.front())) {
      encoded += utf8.front();
      utf8.remove_prefix(1);
      continue;
    }
    if (utf8.front() == '&') {
      encoded += "&-";
      utf8.remove_prefix(1);
      continue;
    }
    Shifted shifted(encoded);
    while (!utf8.empty() && !stands_for_itself(utf8.front()) && utf8.front() != '&') {
      const auto length = std::max<std::size_t>(pigeon::utf8_sequence(utf8), 1);
      const auto value = code_point(utf8, length);
      if (value >= 0x10000) {
        shifted.add(0xd800 + ((value - 0x10000) >> 10U));
        shifted.add(0xdc00 + ((value - 0x10000) & 0x3ffU));
      } else {
        shifted.add(value);
      }
      utf8.remove_prefix(length);
    }
    shifted.close();
  }
  return encoded;
}

std::optional<std::string> from_modified_utf7(std::string_view text) {
  std::string utf8;
  while (!text.empty()) {
    if (text.front() != '&') {
      if (!stands_for_itself(text.front())) return std::nullopt;
      utf8 += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto end = text.find('-');
    if (end == std::string_view::npos) return std::nullopt;
    const auto part = text.substr(1, end - 1);
    const auto unshifted = part.empty() ? std::optional<std::string>("&") : unshift(part);
    if (!unshifted) return std::nullopt;
    utf8 += *unshifted;
    text.remove_prefix(end + 1);
  }
  return utf8;
}

std::optional<std::string> folder_directory(std::string_view folder) {
  if (folder.empty() || pigeon::same_name(folder, "INBOX")) return "";
  if (!pigeon::is_utf8(folder) || pigeon::has_control_characters(folder)) return std::nullopt;
  std::string dotted(folder);
  std::replace(dotted.begin(), dotted.end(), '/', '.');
  auto levels = pigeon::split(dotted, '.');
  if (levels.size() > 1 && pigeon::same_name(levels.front(), "INBOX")) levels.erase(levels.begin());
  std::string directory;
  for (const auto level : levels) {
    if (level.empty()) return std::nullopt;
    directory += "." + to_modified_utf7(level);
  }
  if (directory.size() > kLongestDirectory) return std::nullopt;
  return directory;
}

std::string folder_name(std::string_view directory) {
  if (directory.empty()) return "INBOX";
  directory.remove_prefix(1);
  auto name = from_modified_utf7(directory).value_or(pigeon::printable(directory));
  std::replace(name.begin(), name.end(), '.', '/');
  return name;
}

pigeon::Result<std::vector<std::string>> folder_directories(const pigeon::Directory& maildir) {
  auto names = PIGEON_TRY(maildir.names());
  std::erase_if(names, [&](const std::string& name) {
    struct stat status = {};
    return name.size() < 2 || name.front() != '.' ||
           (::fstatat(maildir.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            !S_ISDIR(status.st_mode));
  });
  return names;
}

pigeon::Result<std::vector<std::string>> all_folders(const pigeon::Directory& maildir) {
  auto found = PIGEON_TRY(folder_directories(maildir));
  found.emplace_back("");
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace mda_maildir
