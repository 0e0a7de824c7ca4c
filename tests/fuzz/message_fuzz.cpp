// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/delivery_id.hpp"
#include "host/message.hpp"

#include <pigeon/sdk/text.hpp>

using pigeon::fuzz::require;

namespace {

// Whether a part of the message that was taken away is what this hop put there: a From line, and fields of
// three names with their continuation lines.
bool is_of_this_hop(std::string_view part, bool at_top) {
  bool in_field = false;
  while (!part.empty()) {
    const auto line =
        part.substr(0, part.find('\n') == std::string_view::npos ? part.size() : part.find('\n') + 1);
    part.remove_prefix(line.size());
    if (at_top && pigeon::starts_with(line, "From ")) {
      at_top = false;
      continue;
    }
    at_top = false;
    if (line.front() == ' ' || line.front() == '\t') {
      if (!in_field) return false;
      continue;
    }
    auto name = line.substr(0, line.find(':'));
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    in_field = pigeon::same_name(name, "Return-Path") || pigeon::same_name(name, "X-Original-To") ||
               pigeon::same_name(name, "Delivered-To");
    if (!in_field) return false;
  }
  return true;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = pigeon::fuzz::text_of(bytes, size);
  const auto parsed = pigeon::host::parse_message(text);
  // Every byte is kept, in order, or belongs to what was taken away.
  const char* at = text.data();
  auto segments = parsed.kept;
  segments.push_back(parsed.body);
  std::string joined;
  for (const auto segment : segments) {
    if (segment.data() == nullptr) continue;  // an empty message
    require(segment.data() >= at && segment.data() + segment.size() <= text.data() + text.size(),
            "parts in order");
    require(is_of_this_hop({at, static_cast<std::size_t>(segment.data() - at)}, at == text.data()),
            "only this hop's fields are taken away");
    at = segment.data() + segment.size();
    joined += segment;
  }
  require(at == text.data() + text.size(), "the end of the message is kept");
  require(parsed.line_end == "\n" || parsed.line_end == "\r\n", "a line's end");
  // What was stored once and comes back under our own fields is stored the same.
  const pigeon::host::OutgoingMessage outgoing(parsed, {"s@x", "a@b", "o@c"}, false);
  std::string stored;
  const auto& message = outgoing.get();
  for (std::size_t i = 0; i < message.prefix_count; ++i) stored += pigeon::copy(message.prefix[i]);
  stored += pigeon::copy(message.body);
  require(stored.size() >= joined.size() &&
              std::string_view(stored).substr(stored.size() - joined.size()) == joined,
          "the message is stored behind our fields");
  const auto first = pigeon::host::delivery_id({"q", "p", "f", "s"}, parsed, false);
  require(first == pigeon::host::delivery_id({"q", "p", "f", "s"}, parsed, false) && first.size() == 32,
          "one id for one message");
  return 0;
}
