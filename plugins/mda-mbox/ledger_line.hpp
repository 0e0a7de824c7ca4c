// SPDX-License-Identifier: MIT
//
// The lines of a ledger, as ledger.hpp has them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace mda_mbox {

constexpr std::string_view kSeen = "~";
constexpr std::string_view kIntended = "> ";

// A line of an id: stored under it, or about to be.
struct IdLine {
  std::string_view id;
  std::uint64_t hash = 0;
  bool is_intent = false;
};
// Told by how it begins; the rest may be anything.
bool is_of_id(std::string_view line);
std::optional<IdLine> id_line(std::string_view line);
std::string line_of(const IdLine& of);

std::string known_line(const std::string& file, std::uint64_t size);
// Of such a line.
std::string_view file_of(std::string_view line);

// Calls visit(line) for each line that is not empty.
template <typename Visit>
void each_line(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const auto end = std::min(text.size(), text.find('\n'));
    if (end > 0) visit(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

// Calls it for each line that begins with this id.
void each_line_of(std::string_view text, const std::string& id,
                  const std::function<void(std::string_view)>& visit);

// Adds the ids that messages were stored under. True: some are new, or it says more than ids, and sizes of
// files.
bool adds_ids(std::string_view text, std::unordered_set<std::string>& ids);

}  // namespace mda_mbox
