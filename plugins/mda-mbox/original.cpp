// SPDX-License-Identifier: MIT
#include "original.hpp"

#include "field.hpp"
#include "from_line.hpp"

#include <algorithm>

namespace mda_mbox {

bool Original::may_be_quoted() const {
  return in_header_ || quoting_ != Quoting::mboxcl2;
}

void Original::put(std::string_view bytes) {
  if (bytes.empty() || !wants_more_) return;
  if (has_held_) {
    has_held_ = false;
    wants_more_ = give_("\n");
  }
  if (bytes.back() == '\n') {
    has_held_ = true;
    bytes.remove_suffix(1);
  }
  if (!bytes.empty() && wants_more_) wants_more_ = give_(bytes);
}

bool Original::add(std::string_view bytes) {
  while (!bytes.empty() && wants_more_) {
    switch (at_) {
      case At::line_begin:
        take_line_begin(bytes);
        break;
      case At::quoted:
        take_quoted(bytes);
        break;
      case At::in_line:
      case At::dropping:
        take_plain(bytes);
        break;
    }
  }
  return wants_more_;
}

// The rest of a line; and of the body, as many lines as begin with no ">".
void Original::take_plain(std::string_view& bytes) {
  auto end = bytes.find('\n');
  if (!in_header_ && at_ == At::in_line) {
    while (end != std::string_view::npos && end + 1 < bytes.size() && bytes[end + 1] != '>')
      end = quoting_ == Quoting::mboxcl2 ? std::string_view::npos : bytes.find('\n', end + 1);
  }
  const auto taken = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
  if (at_ == At::in_line) put(taken);
  if (taken.back() == '\n') at_ = At::line_begin;
  bytes.remove_prefix(taken.size());
}

void Original::take_line_begin(std::string_view& bytes) {
  if (head_.empty() && bytes.front() == '>' && may_be_quoted()) {
    at_ = At::quoted;
    matched_ = 0;
    was_dropped_ = false;
    bytes.remove_prefix(1);
    return;
  }
  if (!in_header_) {
    at_ = At::in_line;
    return;
  }
  const auto end = std::min(bytes.find('\n'), bytes.size() - 1);
  const auto taken = bytes.substr(0, std::min(end + 1, kFieldHead - head_.size()));
  head_ += taken;
  bytes.remove_prefix(taken.size());
  if (head_.back() == '\n' || head_.size() == kFieldHead) decide_field();
}

// REQUIRES: head_ is a line, or kFieldHead bytes of one.
void Original::decide_field() {
  const bool is_whole = head_.back() == '\n';
  const bool continues = head_.front() == ' ' || head_.front() == '\t';
  const auto field = classify(head_);
  const bool is_empty = head_ == "\n" || head_ == "\r\n";
  const bool goes_with_it = was_dropped_ && continues && !is_empty;
  if (field == Field::reader) marks_ |= marks_of(head_);
  if (field == Field::unfinished) is_unfinished_ = true;
  was_dropped_ = field == Field::reader || goes_with_it;
  const bool drops = was_dropped_ || field == Field::unfinished;
  if (!drops) put(std::string_view(head_).substr(field == Field::kept ? kKept.size() : 0));
  if (is_empty) in_header_ = false;
  head_.clear();
  at_ = is_whole ? At::line_begin : drops ? At::dropping : At::in_line;
}

// Behind the first ">" of a line, which is withheld until it is known what it is.
void Original::take_quoted(std::string_view& bytes) {
  while (!bytes.empty()) {
    const char c = bytes.front();
    if (c == '>' && matched_ == 0 && (in_header_ || quoting_ == Quoting::mboxrd)) {
      put(">");  // one of several: which one is withheld makes no difference
    } else if (c != kFrom[matched_]) {
      return end_quoted(false);
    } else if (++matched_ == kFrom.size()) {
      bytes.remove_prefix(1);
      return end_quoted(true);
    }
    bytes.remove_prefix(1);
  }
}

void Original::end_quoted(bool is_quoted) {
  if (!is_quoted) put(">");
  put(kFrom.substr(0, matched_));
  at_ = At::in_line;
}

bool Original::end() {
  if (at_ == At::quoted) end_quoted(false);
  if (!head_.empty()) decide_field();
  if (has_held_ && !is_unfinished_ && wants_more_) wants_more_ = give_("\n");
  has_held_ = false;
  return wants_more_;
}

pigeon::Result<std::uint32_t> give_original(Window& window, const Extent& extent, Quoting quoting,
                                            pigeon::Deadline deadline, const Original::Give& give) {
  Original original(quoting, give);
  for (auto at = extent.content; at < extent.end;) {
    if (deadline.passed())
      return pigeon::failure(PIGEON_TIMEOUT, "read " + window.shown() + ": the time is up");
    const auto text = PIGEON_TRY(window.at(at, 1)).substr(0, static_cast<std::size_t>(extent.end - at));
    if (text.empty()) break;
    at += text.size();
    if (!original.add(text)) return original.marks();
  }
  original.end();
  return original.marks();
}

}  // namespace mda_mbox
