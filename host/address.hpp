// SPDX-License-Identifier: MIT
//
// A recipient's address, taken apart and normalised once, so that every look-up compares octets.
#pragma once

#include "host/configuration.hpp"

#include <pigeon/sdk/result.hpp>

#include <string>
#include <string_view>

namespace pigeon::host {

struct Address {
  std::string local_part;  // whole
  std::string user;        // without the detail
  std::string detail;
  std::string domain;

  [[nodiscard]] std::string text() const { return local_part + "@" + domain; }
};

// As an MTA hands it over: unquoted, or with the local part as a quoted string (RFC 5321, section 4.1.2). The
// last
// "@" separates. The domain becomes A-labels (IDNA 2008) in lower case; the local part is folded if the rules
// say so.
//
// What can be no name in any tree (empty, too long, control characters, no UTF-8) is proven unknown; an
// address without a domain is a mistake in the MTA's configuration, hence temporary.
Result<Address> parse_recipient(std::string_view text, const AddressRules& rules);

// An envelope sender as it may stand in a header field: empty for every spelling of the null sender ("", <>,
// @, MAILER-DAEMON), without angle brackets, cut at a bound, control characters escaped. No sender is a
// reason to refuse mail.
std::string clean_sender(std::string_view text);

// Any other address for a header field, escaped the same way.
std::string clean_address(std::string_view text);

}  // namespace pigeon::host
