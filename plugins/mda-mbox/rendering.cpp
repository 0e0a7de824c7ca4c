// SPDX-License-Identifier: MIT
#include "rendering.hpp"

#include "field.hpp"
#include "from_line.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>

namespace mda_mbox {
namespace {

// So much at once, so that the memory of what was read can be given back.
constexpr std::size_t kLarge = 1U << 20U;

// Also one whose end is still to be written.
bool is_empty_line(std::string_view line) {
  return line == "\n" || line == "\r\n" || line == "\r";
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
  rest.remove_prefix(line.size());
  return line;
}

// The lines up to the first empty one, or all.
std::string_view header_of(std::string_view text) {
  auto rest = text;
  while (!rest.empty()) {
    const auto before = rest.size();
    if (is_empty_line(take_line(rest))) return text.substr(0, text.size() - before);
  }
  return text;
}

bool begins_message(std::string_view line) {
  const auto at = line.find_first_not_of('>');
  return at != std::string_view::npos && pigeon::starts_with(line.substr(at), kFrom);
}

// Where the next line begins that has to be quoted, from the beginning of a line on.
std::size_t find_to_quote(Quoting quoting, std::string_view body, std::size_t from) {
  for (auto at = body.find(kFrom, from); at != std::string_view::npos; at = body.find(kFrom, at + 1)) {
    auto begin = at;
    if (quoting == Quoting::mboxrd) {
      while (begin > from && body[begin - 1] == '>') --begin;
    }
    if (begin == from || body[begin - 1] == '\n') return begin;
  }
  return std::string_view::npos;
}

}  // namespace

Quoting quoting_of(std::string_view name) {
  if (name == "mboxo") return Quoting::mboxo;
  return name == "mboxcl2" ? Quoting::mboxcl2 : Quoting::mboxrd;
}

Outgoing::Outgoing(const pigeon::Message& message, std::uint32_t marks)
    : is_mapped_(message.is_mapped()), marks_(marks) {
  for (const auto& segment : message.prefix()) prefix_ += pigeon::view(segment);
  auto rest = message.body();
  // A prefix that ends within a line goes on in the body.
  if (!prefix_.empty() && prefix_.back() != '\n') prefix_ += take_line(rest);
  is_finished_ = rest.empty() ? prefix_.empty() || prefix_.back() == '\n' : rest.back() == '\n';
  header_ = header_of(rest);
  body_ = rest.substr(header_.size());
}

std::uint64_t Outgoing::hash() {
  if (!hash_) {
    Hash whole;
    for (const auto part : {std::string_view(prefix_), header_, body_}) whole.add(part);
    hash_ = whole.value();
  }
  return *hash_;
}

std::string_view Outgoing::return_path() const {
  constexpr std::string_view kName = "Return-Path: <";
  const auto top = prefix_.empty() ? header_ : std::string_view(prefix_);
  const auto line = top.substr(0, top.find('\n'));
  const auto end = line.rfind('>');
  if (!pigeon::starts_with(line, kName) || end == std::string_view::npos) return {};
  return line.substr(kName.size(), end - kName.size());
}

// What is the message's own.
bool Outgoing::give_own(std::string_view bytes, const Give& give) {
  for (std::size_t at = 0; at < bytes.size(); at += kLarge) {
    const auto chunk = bytes.substr(at, kLarge);
    passing_.add(chunk);
    if (!give(chunk)) return false;
    if (is_mapped_ && bytes.size() > kLarge) pigeon::forget_pages(chunk);
  }
  return true;
}

bool Outgoing::render_header(std::string_view lines, const Give& give) {
  // What needs no change goes out in one piece.
  const char* plain = lines.data();
  const auto give_plain = [&](const char* end) {
    return end == plain || give_own({plain, static_cast<std::size_t>(end - plain)}, give);
  };
  while (!lines.empty()) {
    const auto line = take_line(lines);
    const bool is_kept = needs_other_name(line.substr(0, kFieldHead));
    if (!is_kept && !begins_message(line)) continue;
    if (!give_plain(line.data()) || !give(is_kept ? kKept : std::string_view(">"))) return false;
    plain = line.data();
  }
  return give_plain(lines.data());
}

bool Outgoing::render_body(Quoting quoting, const Give& give) {
  if (quoting == Quoting::mboxcl2) return give_own(body_, give);
  std::size_t given = 0;
  for (auto at = find_to_quote(quoting, body_, 0); at != std::string_view::npos;) {
    if (!give_own(body_.substr(given, at - given), give) || !give(">")) return false;
    given = at;
    const auto end = body_.find('\n', at);
    if (end == std::string_view::npos) break;
    at = find_to_quote(quoting, body_, end + 1);
  }
  return give_own(body_.substr(given), give);
}

std::string Outgoing::own_fields(Quoting quoting) const {
  auto fields = fields_of(marks_);
  if (quoting == Quoting::mboxcl2 && !body_.empty()) {
    const std::size_t empty_line = body_.front() == '\r' ? 2 : 1;
    const auto length = body_.size() - empty_line + (is_finished_ ? 0 : 1);
    fields += "Content-Length: " + std::to_string(length) + "\n";
  }
  return fields;
}

bool Outgoing::render(Quoting quoting, const Give& give) {
  passing_ = Hash();
  // At the top, so that what was delivered stands in one piece.
  if (!is_finished_ && !give(std::string(kUnfinished) + "\n")) return false;
  if (!render_header(prefix_, give) || !render_header(header_, give)) return false;
  const bool ends_in_header = body_.empty();
  if (ends_in_header && !is_finished_ && !give("\n")) return false;
  const auto fields = own_fields(quoting);
  if (!fields.empty() && !give(fields)) return false;
  if (!ends_in_header && !render_body(quoting, give)) return false;
  if (!ends_in_header && !is_finished_ && !give("\n")) return false;
  hash_ = passing_.value();
  return true;
}

}  // namespace mda_mbox
