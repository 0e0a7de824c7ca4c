// SPDX-License-Identifier: MIT
#include "ledger_line.hpp"

#include "hash.hpp"

#include <pigeon/sdk/text.hpp>

#include <cstring>

namespace mda_mbox {
namespace {

constexpr std::size_t kLongestId = 64;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

}  // namespace

bool is_of_id(std::string_view line) {
  return pigeon::starts_with(line, kIntended) || is_word(line.substr(0, 1));
}

std::optional<IdLine> id_line(std::string_view line) {
  IdLine of{.id = {}, .is_intent = pigeon::starts_with(line, kIntended)};
  if (of.is_intent) line.remove_prefix(kIntended.size());
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  of.id = line.substr(0, blank);
  const auto hash = hash_from(line.substr(blank + 1));
  if (!hash || !is_word(of.id)) return std::nullopt;
  of.hash = *hash;
  return of;
}

std::string line_of(const IdLine& of) {
  std::string line(of.is_intent ? kIntended : "");
  return line.append(of.id).append(" ").append(digits_of(of.hash)).append("\n");
}

std::string known_line(const std::string& file, std::uint64_t size) {
  return "= " + std::to_string(size) + " " + file + "\n";
}

std::string_view file_of(std::string_view line) {
  const auto blank = line.find(' ', 2);
  return blank == std::string_view::npos ? std::string_view() : line.substr(blank);
}

void each_line_of(std::string_view text, const std::string& id,
                  const std::function<void(std::string_view)>& visit) {
  const auto wanted = id + " ";
  for (std::size_t at = 0; at < text.size();) {
    // Faster by far than text.find, which stops at each first letter.
    const auto* const found = ::memmem(text.data() + at, text.size() - at, wanted.data(), wanted.size());
    if (found == nullptr) return;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    const auto end = std::min(text.size(), text.find('\n', at));
    if (at == 0 || text[at - 1] == '\n') visit(text.substr(at, end - at));
    at = end;
  }
}

bool adds_ids(std::string_view text, std::unordered_set<std::string>& ids) {
  bool adds = false;
  each_line(text, [&](std::string_view line) {
    const auto of = id_line(line);
    const bool is_new = of && !of->is_intent && ids.emplace(of->id).second;
    adds = adds || is_new || line.front() == '?' || line.front() == '%' || line.front() == '!';
  });
  return adds;
}

}  // namespace mda_mbox
