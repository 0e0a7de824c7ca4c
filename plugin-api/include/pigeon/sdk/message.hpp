// SPDX-License-Identifier: MIT
//
// The message and its envelope, as C++ sees them: borrowed, for the call.
#pragma once

#include <pigeon/abi/message.h>
#include <pigeon/sdk/text.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace pigeon::inline v0 {

class Message {
 public:
  explicit Message(const pigeon_message& message) : message_(&message) {}

  [[nodiscard]] std::span<const pigeon_string> prefix() const {
    return {message_->prefix, message_->prefix_count};
  }
  [[nodiscard]] std::string_view body() const { return view(message_->body); }
  [[nodiscard]] bool is_mapped() const { return (message_->flags & PIGEON_MESSAGE_MAPPED) != 0; }

  [[nodiscard]] std::uint64_t size() const {
    std::uint64_t bytes = message_->body.size;
    for (const auto& segment : prefix()) bytes += segment.size;
    return bytes;
  }

 private:
  const pigeon_message* message_;
};

class Envelope {
 public:
  explicit Envelope(const pigeon_envelope& envelope) : envelope_(&envelope) {}

  [[nodiscard]] std::string_view sender() const { return view(envelope_->sender); }
  [[nodiscard]] std::string_view recipient() const { return view(envelope_->recipient); }
  [[nodiscard]] std::string_view original_recipient() const { return view(envelope_->original_recipient); }
  [[nodiscard]] std::string_view local_part() const { return view(envelope_->local_part); }
  [[nodiscard]] std::string_view user() const { return view(envelope_->user); }
  [[nodiscard]] std::string_view detail() const { return view(envelope_->detail); }
  [[nodiscard]] std::string_view domain() const { return view(envelope_->domain); }
  [[nodiscard]] std::string_view folder() const { return view(envelope_->folder); }
  [[nodiscard]] std::string_view queue_id() const { return view(envelope_->queue_id); }

 private:
  const pigeon_envelope* envelope_;
};

}  // namespace pigeon::inline v0
