// SPDX-License-Identifier: MIT
#include "host/message.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <cstdint>

namespace pigeon::host {
namespace {

// More than any MTA puts in front, and more than any loop is long: what there is beyond, somebody made up to
// have us remember it.
constexpr std::size_t kMostFields = 10'000;

// The first line, with its end.
std::string_view line_at(std::string_view text) {
  const auto end = text.find('\n');
  return text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
}

bool is_continuation(std::string_view text) {
  return !text.empty() && (text.front() == ' ' || text.front() == '\t');
}

struct Field {
  std::string_view whole;  // with its continuation lines and their ends
  std::string_view name;
  std::string_view value;  // not unfolded
};

// The field at the front (RFC 5322, section 2.2); nothing where the header ends or is none.
std::optional<Field> field_at(std::string_view text) {
  const auto first = line_at(text);
  const auto colon = first.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto name = first.substr(0, colon);
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  const auto printable_name = [](char c) { return c > 32 && c < 127; };
  if (name.empty() || !std::all_of(name.begin(), name.end(), printable_name)) return std::nullopt;
  std::size_t size = first.size();
  while (is_continuation(text.substr(size))) size += line_at(text.substr(size)).size();
  return Field{text.substr(0, size), name, text.substr(colon + 1, size - colon - 1)};
}

bool is_of_this_hop(std::string_view name) {
  return same_name(name, "Return-Path") || same_name(name, "X-Original-To") ||
         same_name(name, "Delivered-To");
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string_view without_brackets(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') text = text.substr(1, text.size() - 2);
  return text;
}

// "From sender date", as mbox writers put it in front.
std::string_view sender_of_from_line(std::string_view line) {
  const auto rest = line.substr(5);
  return rest.substr(0, rest.find_first_of(" \t\r\n"));
}

}  // namespace

ParsedMessage parse_message(std::string_view text) {
  ParsedMessage parsed;
  const auto first_line = line_at(text);
  const auto end = first_line.substr(first_line.size() - std::min<std::size_t>(2, first_line.size()));
  parsed.line_end = end == "\r\n" ? "\r\n" : "\n";
  if (starts_with(text, "From ")) {
    parsed.from_line_sender = sender_of_from_line(first_line);
    text.remove_prefix(first_line.size());
  }

  // One pass over the header: what is above the first Received, and what Delivered-To stands below it.
  std::vector<Field> above;  // this hop's fields, as far as is known
  std::size_t run = 0;       // how many of them are in the unbroken run at the top
  bool in_run = true;
  bool below_received = false;
  for (auto rest = text;;) {
    const auto field = field_at(rest);
    if (!field) break;
    if (same_name(field->name, "Received")) below_received = true;
    if (below_received) {
      if (same_name(field->name, "Delivered-To"))
        parsed.delivered_to.push_back(without_brackets(field->value));
      if (parsed.delivered_to.size() == kMostFields) break;
    } else if (is_of_this_hop(field->name) && above.size() < kMostFields) {
      above.push_back(*field);
      if (in_run) ++run;
    } else {
      in_run = false;
    }
    rest.remove_prefix(field->whole.size());
  }
  if (!below_received) above.resize(run);

  for (const auto& field : above) {
    if (!parsed.return_path && same_name(field.name, "Return-Path")) {
      parsed.return_path = without_brackets(field.value);
    }
    const auto before = static_cast<std::size_t>(field.whole.data() - text.data());
    if (before > 0) parsed.kept.push_back(text.substr(0, before));
    text.remove_prefix(before + field.whole.size());
  }
  parsed.body = text;
  return parsed;
}

OutgoingMessage::OutgoingMessage(const ParsedMessage& parsed, const Prefix& prefix, bool is_mapped) {
  const auto field = [&](std::string_view name, const std::string& value) {
    fields_ += std::string(name) + ": " + value + std::string(parsed.line_end);
  };
  field("Return-Path", "<" + prefix.sender + ">");
  field("Delivered-To", prefix.delivered_to);
  if (!prefix.original_recipient.empty()) field("X-Original-To", prefix.original_recipient);
  segments_.push_back(borrow(fields_));
  for (const auto kept : parsed.kept) segments_.push_back(borrow(kept));
  message_ = {sizeof message_, is_mapped ? PIGEON_MESSAGE_MAPPED : 0, segments_.data(), segments_.size(),
              borrow(parsed.body)};
}

bool has_been_delivered_to(const ParsedMessage& parsed, std::string_view address, bool fold_local_part) {
  const auto local_part = [](std::string_view whole) { return whole.substr(0, whole.rfind('@')); };
  return std::any_of(parsed.delivered_to.begin(), parsed.delivered_to.end(), [&](std::string_view each) {
    return same_name(each, address) && (fold_local_part || local_part(each) == local_part(address));
  });
}

}  // namespace pigeon::host
