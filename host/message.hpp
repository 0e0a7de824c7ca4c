// SPDX-License-Identifier: MIT
//
// The message as it is stored: this hop's own fields in front, the rest byte for byte. Looked at only as far
// as that needs; nothing in it decides whether it is kept.
#pragma once

#include <pigeon/abi/message.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::host {

// Fields that the MTA put in front for this delivery are taken away: a leading "From " line, and Return-Path,
// X-Original-To and Delivered-To above the first Received field, or, in a message without one, in the
// unbroken run at its very top; the first ten thousand of them.
struct ParsedMessage {
  std::vector<std::string_view> kept;  // what stood between the fields that were taken away, mostly nothing
  std::string_view body;               // everything after the last of them
  std::string_view line_end;           // "\n" or "\r\n", as its first line has it
  // What the fields said, for an MTA that gives no sender on the command line.
  std::optional<std::string_view> from_line_sender;
  std::optional<std::string_view> return_path;
  // The values of the Delivered-To fields below the first Received, the latest ten thousand: where it has
  // been before.
  std::vector<std::string_view> delivered_to;
};

ParsedMessage parse_message(std::string_view text);

// What goes in front. An empty `original_recipient` is not written.
struct Prefix {
  std::string sender;
  std::string delivered_to;
  std::string original_recipient;
};

// A message and its prefix as plugins see it. Refers to the text that was parsed, which must outlive it.
class OutgoingMessage {
 public:
  OutgoingMessage(const ParsedMessage& parsed, const Prefix& prefix, bool is_mapped);
  OutgoingMessage(const OutgoingMessage&) = delete;
  OutgoingMessage& operator=(const OutgoingMessage&) = delete;
  OutgoingMessage(OutgoingMessage&&) = delete;
  OutgoingMessage& operator=(OutgoingMessage&&) = delete;
  ~OutgoingMessage() = default;

  [[nodiscard]] const pigeon_message& get() const { return message_; }

 private:
  std::string fields_;
  std::vector<pigeon_string> segments_;
  pigeon_message message_ = {};
};

// Whether the message has been delivered to this address before: a loop. Domains are compared without ASCII
// case; local parts as octets, unless they are folded: where case counts, Alice and alice are two people.
bool has_been_delivered_to(const ParsedMessage& parsed, std::string_view address, bool fold_local_part);

}  // namespace pigeon::host
