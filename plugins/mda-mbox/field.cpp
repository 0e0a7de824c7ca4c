// SPDX-License-Identifier: MIT
#include "field.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <array>

namespace mda_mbox {
namespace {

constexpr std::array<std::string_view, 8> kReaders = {"status", "x-status",   "x-keywords",     "x-uid",
                                                      "x-imap", "x-imapbase", "content-length", "lines"};

struct Letter {
  std::string_view field;
  char letter;
  std::uint32_t mark;
};
// As Dovecot, mutt and others have them.
constexpr std::array kLetters = {
    Letter{"status", 'R', PIGEON_MARK_SEEN},      Letter{"x-status", 'A', PIGEON_MARK_ANSWERED},
    Letter{"x-status", 'F', PIGEON_MARK_FLAGGED}, Letter{"x-status", 'T', PIGEON_MARK_DRAFT},
    Letter{"x-status", 'D', PIGEON_MARK_DELETED},
};

// RFC 5322, section 4.5, has blanks before the colon; some programs take them.
std::string_view name_of(std::string_view line) {
  auto name = line.substr(0, line.find(':'));
  if (name.size() == line.size()) return {};
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  return name;
}

}  // namespace

Field classify(std::string_view line) {
  if (pigeon::starts_with(line, kKept)) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    return line == kUnfinished ? Field::unfinished : Field::kept;
  }
  const auto name = name_of(line);
  const bool is_readers = std::any_of(kReaders.begin(), kReaders.end(),
                                      [&](std::string_view each) { return pigeon::same_name(each, name); });
  return is_readers ? Field::reader : Field::other;
}

std::uint32_t marks_of(std::string_view line) {
  const auto name = name_of(line);
  const auto value = line.substr(std::min(line.size(), line.find(':')));
  std::uint32_t marks = 0;
  for (const auto& each : kLetters) {
    if (pigeon::same_name(each.field, name) && value.find(each.letter) != std::string_view::npos)
      marks |= each.mark;
  }
  return marks;
}

// "O": a reader has seen that it is there.
std::string fields_of(std::uint32_t marks) {
  std::string more;
  for (const auto& each : kLetters) {
    if (each.field == "x-status" && (marks & each.mark) != 0) more += each.letter;
  }
  if (more.empty() && (marks & PIGEON_MARK_SEEN) == 0) return {};
  std::string fields = (marks & PIGEON_MARK_SEEN) != 0 ? "Status: RO\n" : "Status: O\n";
  if (!more.empty()) fields += "X-Status: " + more + "\n";
  return fields;
}

}  // namespace mda_mbox
