// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "plugins/mda-lmtp/address.hpp"
#include "plugins/mda-lmtp/answer.hpp"
#include "plugins/mda-lmtp/reply.hpp"
#include "plugins/mda-lmtp/wire_text.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <string>
#include <vector>

using pigeon::fuzz::require;

namespace {

// Replies in pieces of one size: their codes, then 0 if the rest is no reply.
std::vector<unsigned> codes_of(std::string_view text, std::size_t piece) {
  mda_lmtp::ReplyReader reader;
  std::vector<unsigned> codes;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.add(text.substr(at, piece));
    for (;;) {
      const auto reply = reader.next();
      if (!reply) {
        codes.push_back(0);
        return codes;
      }
      if (!*reply) break;
      require((*reply)->code >= 200 && (*reply)->code <= 599, "a code that there is");
      require((*reply)->shown().size() <= 1300 && !pigeon::has_control_characters((*reply)->shown()),
              "one line for the log, and not a long one");
      codes.push_back((*reply)->code);
      if ((*reply)->is_positive()) continue;
      for (const auto step : {mda_lmtp::Step::greeting, mda_lmtp::Step::mail, mda_lmtp::Step::recipient,
                              mda_lmtp::Step::data, mda_lmtp::Step::message}) {
        const auto met = mda_lmtp::failure_of(**reply, step, mda_lmtp::Permanent::pass, "x");
        const bool is_final = PIGEON_STATUS_RANGE(met.status) != PIGEON_TEMPORARY;
        require(!is_final || (*reply)->is_permanent(), "only a permanent answer is permanent");
        require(met.dsn.of_class == 0 || met.dsn.of_class == (is_final ? 5 : 4), "a status that agrees");
      }
    }
  }
  return codes;
}

std::string on_the_wire(std::string_view text, std::size_t piece, mda_lmtp::Forbidden forbidden) {
  mda_lmtp::WireText wire(forbidden);
  std::string to;
  for (std::size_t at = 0; at < text.size(); at += piece) wire.add(text.substr(at, piece), to);
  wire.end(to);
  return to;
}

}  // namespace

// What a server says, what a message holds, and what an address is made of.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = pigeon::fuzz::text_of(bytes, size);
  require(codes_of(text, 1) == codes_of(text, 7), "the same replies, however they come");
  for (const auto forbidden : {mda_lmtp::Forbidden::replace, mda_lmtp::Forbidden::keep}) {
    const auto wire = on_the_wire(text, 3, forbidden);
    require(wire == on_the_wire(text, std::max<std::size_t>(text.size(), 1), forbidden), "the same text");
    require(("\r\n" + wire).find("\r\n.\r\n") == std::string::npos, "no end but the end");
    require(wire.empty() || (wire.size() >= 2 && wire.substr(wire.size() - 2) == "\r\n"), "whole lines");
    for (std::size_t at = wire.find('\n'); at != std::string::npos; at = wire.find('\n', at + 1))
      require(at > 0 && wire[at - 1] == '\r', "no LF alone");
  }
  const auto sender = mda_lmtp::written_sender(text);
  const auto address = mda_lmtp::written_address(text);
  for (const auto& written : {sender, address}) {
    if (!written) continue;
    require(!pigeon::has_control_characters(*written) && written->size() <= 330, "fit for a command");
    // What closes the path is the last one: every other is inside quotes.
    const auto at = written->rfind('@');
    require(at == std::string::npos || written->find('>', at) == std::string::npos, "a domain without >");
  }
  return 0;
}
