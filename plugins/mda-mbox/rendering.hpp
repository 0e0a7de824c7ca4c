// SPDX-License-Identifier: MIT
//
// A message as it stands in an mbox. Lines that a reader would take for the beginning of the next message are
// quoted, in one of three ways:
//
//   mboxrd    one more ">" before every line that is ">"s, or none, and "From "; can be undone
//   mboxo     ">" before every line that begins with "From "; a ">From " of the message's own is lost
//   mboxcl2   no line of the body is; the field Content-Length says how long the body is
//
// Lines of the header are quoted as in mboxrd in all three.
#pragma once

#include "hash.hpp"

#include <pigeon/sdk/message.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mda_mbox {

enum class Quoting { mboxrd, mboxo, mboxcl2 };
Quoting quoting_of(std::string_view name);

// A message that is to be stored: its prefix and its body.
class Outgoing {
 public:
  Outgoing(const pigeon::Message& message, std::uint32_t marks);

  // Gives it in pieces, without its "From " line and without the empty line behind it; the last piece ends a
  // line. Those of its own stay as they are while it and the message live; a few short ones do not. False:
  // `give` has returned false, and no more was given.
  using Give = std::function<bool(std::string_view)>;
  bool render(Quoting quoting, const Give& give);

  [[nodiscard]] std::size_t size() const { return prefix_.size() + header_.size() + body_.size(); }
  // Of the bytes as they came.
  [[nodiscard]] std::uint64_t hash();
  // Where a field "Return-Path: <...>" at its very top says so: the sender.
  [[nodiscard]] std::string_view return_path() const;

 private:
  bool render_header(std::string_view lines, const Give& give);
  bool render_body(Quoting quoting, const Give& give);
  [[nodiscard]] std::string own_fields(Quoting quoting) const;
  bool give_own(std::string_view bytes, const Give& give);

  std::string prefix_;       // whole lines
  std::string_view header_;  // what of the header stands in the body of the message
  std::string_view body_;    // from the empty line on
  bool is_finished_;         // it ends with a line end, or is empty
  bool is_mapped_;
  std::uint32_t marks_;
  Hash passing_;  // of what has been given of the message itself
  std::optional<std::uint64_t> hash_;
};

}  // namespace mda_mbox
