// SPDX-License-Identifier: MIT
#include "host/address.hpp"

#include "host/idn.hpp"

#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <algorithm>

namespace pigeon::host {
namespace {

constexpr std::size_t kLongestDomain = 255;  // RFC 5321, section 4.5.3.1.2
constexpr std::size_t kLongestInField =
    512;  // above section 4.5.3.1.3, below the 998 of RFC 5322, section 2.1.1
constexpr std::size_t kLongestShown = 320;

Failure unknown(std::string_view text, const std::string& why) {
  return failure(PIGEON_UNKNOWN_RECIPIENT,
                 "recipient '" + printable(text.substr(0, kLongestShown)) + "': " + why)
      .with_reason({5, 1, 3}, "bad recipient address");
}

// "john \"q\" doe" in quotes is the name without them. What is no whole quoted string stays as it is.
std::string unquote(std::string_view local_part) {
  if (local_part.size() < 2 || local_part.front() != '"' || local_part.back() != '"')
    return std::string(local_part);
  const auto inside = local_part.substr(1, local_part.size() - 2);
  std::string name;
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] == '"') return std::string(local_part);
    if (inside[at] == '\\' && ++at == inside.size()) return std::string(local_part);
    name += inside[at];
  }
  return name;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Result<Address> parse_recipient(std::string_view text, const AddressRules& rules) {
  const auto at = text.rfind('@');
  if (text.empty() || at == std::string_view::npos || at + 1 == text.size()) {
    return misconfigured("recipient '" + printable(text.substr(0, kLongestShown)) + "' has no domain")
        .with_remedy("have the MTA give user@domain with -d");
  }
  if (!is_utf8(text) || has_control_characters(text))
    return unknown(text, "control characters, or not UTF-8");
  Address address;
  address.local_part = unquote(text.substr(0, at));
  if (rules.fold_local_part) address.local_part = fold(address.local_part);
  if (!TreePath::is_name(address.local_part)) return unknown(text, "the local part is empty or too long");

  auto domain = text.substr(at + 1);
  if (domain.size() > 1 && domain.back() == '.') domain.remove_suffix(1);
  if (domain.size() > kLongestDomain) return unknown(text, "the domain is too long");
  address.domain = fold(domain);
  if (!is_ascii(domain)) {
    auto converted = PIGEON_TRY(to_a_labels(address.domain));
    if (!converted) return unknown(text, "the domain is not a domain name");
    address.domain = *std::move(converted);
  }
  if (!TreePath::is_name(address.domain)) return unknown(text, "the domain is too long");

  // A delimiter in front belongs to the name: there is no empty user.
  const auto delimiter = address.local_part.find_first_of(rules.detail_delimiters, 1);
  address.user = address.local_part.substr(0, delimiter);
  if (delimiter != std::string::npos) address.detail = address.local_part.substr(delimiter + 1);
  return address;
}

std::string clean_address(std::string_view text) {
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') text = text.substr(1, text.size() - 2);
  return printable(text.substr(0, kLongestInField));
}

std::string clean_sender(std::string_view text) {
  auto cleaned = clean_address(text);
  const bool is_null = cleaned == "@" || fold(cleaned) == "mailer-daemon";
  return is_null ? std::string() : cleaned;
}

}  // namespace pigeon::host
