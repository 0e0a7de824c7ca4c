// SPDX-License-Identifier: MIT
#include "entries.hpp"

#include "folder.hpp"
#include "hash.hpp"
#include "original.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <optional>

namespace mda_mbox {
namespace {

using pigeon::Done;
using pigeon::Entry;
using pigeon::Failure;
using pigeon::Result;

struct Seen {
  std::uint32_t marks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;
};

Result<Seen> look_at(Window& window, const Extent& extent, Quoting quoting, pigeon::Deadline deadline) {
  Seen seen;
  Hash hash;
  const auto add = [&](std::string_view bytes) {
    hash.add(bytes);
    seen.bytes += bytes.size();
    return true;
  };
  seen.marks = PIGEON_TRY(give_original(window, extent, quoting, deadline, add));
  seen.hash = hash.value();
  return seen;
}

// The message of this name, where it stood or where it stands now.
Result<std::optional<Extent>> find_named(Window& window, const std::string& name, Quoting quoting,
                                         pigeon::Deadline deadline) {
  const auto dash = name.find('-');
  const auto offset = pigeon::number(name.substr(0, dash));
  const auto hash = hash_from(std::string_view(name).substr(std::min(name.size(), dash + 1)));
  if (dash == std::string::npos || !offset || !hash) return std::nullopt;
  std::optional<Extent> found;
  const auto is_it = [&](const Extent& extent) -> Result<bool> {
    if (PIGEON_TRY(look_at(window, extent, quoting, deadline)).hash == *hash) found = extent;
    return found.has_value();
  };
  const auto there = PIGEON_TRY(find_message(window, *offset, quoting));
  if (there && there->begin == *offset && PIGEON_TRY(is_it(*there))) return found;
  PIGEON_TRY(each_message(window, 0, quoting,
                          [&](const Extent& extent) -> Result<bool> { return !PIGEON_TRY(is_it(extent)); }));
  return found;
}

}  // namespace

Failure no_mbox(const std::string& shown) {
  return pigeon::misconfigured("read " + shown + ": it is not an mbox")
      .with_remedy(
          "look at its first line, which should begin with \"From \"; if it is no mail, move it elsewhere");
}

Failure removed(const std::string& shown, const std::string& name) {
  return pigeon::failure(PIGEON_NOT_THERE, "read message " + pigeon::printable(name) + " of " + shown +
                                               ": it is not there any more")
      .with_remedy("nothing, if somebody reads this mailbox");
}

Done collect(Window& window, const std::string& folder, Ledger* ledger, Quoting quoting,
             pigeon::Deadline deadline, std::vector<Entry>& entries) {
  if (!PIGEON_TRY(is_mbox(window))) return no_mbox(window.shown());
  return each_message(window, 0, quoting, [&](const Extent& extent) -> Result<bool> {
    auto seen = PIGEON_TRY(look_at(window, extent, quoting, deadline));
    auto& entry = entries.emplace_back();
    entry.folder = folder;
    entry.name = std::to_string(extent.begin) + "-" + digits_of(seen.hash);
    entry.bytes = seen.bytes;
    entry.received = extent.received;
    entry.marks = seen.marks;
    if (ledger != nullptr) entry.id = ledger->next_id_of(seen.hash).value_or("");
    return true;
  });
}

Done give_named(Window& window, const std::string& name, Quoting quoting, pigeon::Deadline deadline,
                const GiveBytes& give) {
  const auto extent = PIGEON_TRY(find_named(window, name, quoting, deadline));
  if (!extent) return removed(window.shown(), name);
  PIGEON_TRY(give_original(window, *extent, quoting, deadline, give));
  return {};
}

Done visit_all(const std::vector<Entry>& entries, const Visit& visit) {
  for (const auto& entry : entries) {
    if (!visit(entry)) break;
  }
  return {};
}

}  // namespace mda_mbox
