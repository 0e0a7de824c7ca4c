// SPDX-License-Identifier: MIT
#include "folder.hpp"

#include "hash.hpp"

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <vector>

namespace mda_mbox {
namespace {

constexpr std::size_t kLongestFile = 200;

bool ends_apart(std::string_view name) {
  while (!name.empty() && name.back() == '=') name.remove_suffix(1);
  return !is_apart(name);
}

std::optional<std::string> level_file(std::string_view level) {
  // A level may begin with a dot and hold some: here they separate.
  std::string encoded;
  for (const auto part : pigeon::split(level, '.')) {
    const auto name = part.empty() ? std::optional<std::string>("") : pigeon::file_name(part);
    if (!name) return std::nullopt;
    if (part.data() != level.data()) encoded += "=2E";
    encoded += *name;
  }
  return encoded;
}

std::optional<unsigned> hex_digit(char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto at = kHex.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=') {
      plain += text[at] == '.' ? '/' : text[at];
      continue;
    }
    const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
    const auto low = at + 2 < text.size() ? hex_digit(text[at + 2]) : std::nullopt;
    if (!high || !low) return std::nullopt;
    plain += static_cast<char>(*high * 16 + *low);
    at += 2;
  }
  return plain;
}

}  // namespace

std::string apart(std::string name) {
  if (ends_apart(name)) name += '=';
  return name;
}

bool is_apart(std::string_view name) {
  return !name.ends_with(kLockSuffix) && !name.ends_with(kFoldersSuffix);
}

std::optional<std::string> folder_file(std::string_view folder) {
  if (folder.empty() || pigeon::same_name(folder, "INBOX")) return "";
  if (!pigeon::is_utf8(folder) || pigeon::has_control_characters(folder)) return std::nullopt;
  auto levels = pigeon::split(folder, '/');
  if (levels.size() > 1 && pigeon::same_name(levels.front(), "INBOX")) levels.erase(levels.begin());
  std::vector<std::string> files;
  for (const auto level : levels) {
    auto file = level.empty() ? std::nullopt : level_file(level);
    if (!file) return std::nullopt;
    files.push_back(*std::move(file));
  }
  auto name = apart(pigeon::join(files, "."));
  if (name.size() > kLongestFile) return std::nullopt;
  return name;
}

std::string folder_name(std::string_view file) {
  if (file.empty()) return "INBOX";
  auto name = file;
  if (name.back() == '=' && ends_apart(name)) name.remove_suffix(1);
  auto plain = decoded(name);
  return plain && pigeon::is_utf8(*plain) && !pigeon::has_control_characters(*plain)
             ? *std::move(plain)
             : pigeon::printable(file);
}

bool is_folder_file(std::string_view file) {
  return !file.empty() && file.front() != '.' && !file.ends_with(kLockSuffix);
}

std::string folder_key(const std::string& file) {
  const bool is_word = file.find_first_of(" /") == std::string::npos && !pigeon::has_control_characters(file);
  if (is_word && file.size() <= kLongestFile) return file;
  // No folder's file begins with a dot.
  Hash hash;
  hash.add(file);
  return "." + digits_of(hash.value());
}

}  // namespace mda_mbox
