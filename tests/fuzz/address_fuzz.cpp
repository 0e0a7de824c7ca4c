// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/address.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_path.hpp>

using pigeon::fuzz::require;
using pigeon::host::parse_recipient;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = pigeon::fuzz::text_of(bytes, size);
  for (const bool fold : {true, false}) {
    const auto address = parse_recipient(text, {.detail_delimiters = "+-", .fold_local_part = fold});
    if (!address) {
      const auto status = address.failure().status;
      require(status == PIGEON_UNKNOWN_RECIPIENT || status == PIGEON_MISCONFIGURED, "refused for a reason");
      require(!pigeon::has_control_characters(address.failure().detail), "a printable refusal");
      continue;
    }
    require(pigeon::TreePath::is_name(address->local_part), "the local part can be a name");
    require(pigeon::TreePath::is_name(address->user), "the user can be a name");
    require(pigeon::TreePath::is_name(address->domain), "the domain can be a name");
    require(pigeon::starts_with(address->local_part, address->user), "the user begins the local part");
    const auto tail = address->local_part.substr(address->user.size());
    require(tail.empty() ? address->detail.empty() : tail.substr(1) == address->detail,
            "the rest is the detail");
    require(!fold || pigeon::fold(address->local_part) == address->local_part, "folded once and for all");
    require(pigeon::fold(address->domain) == address->domain, "the domain is in lower case");
  }
  const auto sender = pigeon::host::clean_sender(text);
  require(!pigeon::has_control_characters(sender) && pigeon::is_utf8(sender), "a sender fits a field");
  return 0;
}
