// SPDX-License-Identifier: MIT
#include "address.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>

namespace mda_lmtp {
namespace {

using pigeon::Result;

// RFC 5321, section 4.5.3.1: 64 for a local part and 255 for a domain. Servers that take a longer local part
// are common, and the others say what they think of it.
constexpr std::size_t kLongest = 320;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_above_ascii(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0;
}
// RFC 5322, section 3.2.3, and RFC 6531, section 3.3.
bool is_atext(char c) {
  return is_letter_or_digit(c) || is_above_ascii(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}
bool is_in_domain(char c) {
  return is_letter_or_digit(c) || is_above_ascii(c) ||
         std::string_view("-._:[]").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view text) {
  const auto atoms = pigeon::split(text, '.');
  return std::all_of(atoms.begin(), atoms.end(), [](std::string_view atom) {
    return !atom.empty() && std::all_of(atom.begin(), atom.end(), is_atext);
  });
}

// RFC 5321, section 4.1.2.
bool is_quoted_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  const auto inner = text.substr(1, text.size() - 2);
  for (std::size_t at = 0; at < inner.size(); ++at) {
    if (inner[at] == '"') return false;
    if (inner[at] == '\\' && ++at == inner.size()) return false;
  }
  return true;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

bool is_fit(std::string_view text) {
  return !text.empty() && text.size() <= kLongest && !pigeon::has_control_characters(text) &&
         pigeon::is_utf8(text);
}

bool is_domain(std::string_view text) {
  return is_fit(text) && std::all_of(text.begin(), text.end(), is_in_domain);
}

pigeon::Failure wrong(const std::string& setting, std::string_view text, const std::string& why) {
  return pigeon::misconfigured("use \"" + setting + "\" of mda-lmtp, \"" +
                               pigeon::printable(text.substr(0, 100)) + "\": " + why)
      .with_remedy("write an address such as \"{user}@{domain}\" or \"catchall@{domain}\"");
}

// Every {name} of the template replaced by what it stands for.
Result<std::string> expand(std::string_view text, const pigeon::Principal& principal) {
  std::string expanded;
  while (!text.empty()) {
    const auto begin = text.find('{');
    expanded += text.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const auto end = text.find('}', begin);
    const auto name = text.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
    if (end == std::string_view::npos || (name != "user" && name != "domain")) {
      return pigeon::misconfigured("there is no {" + pigeon::printable(name) +
                                   "}; there are {user} and {domain}");
    }
    expanded += name == "user" ? principal.user : principal.domain;
    text.remove_prefix(end + 1);
  }
  return expanded;
}

// Whether two principals can have one local part: what stands between the two names may be in a domain as
// well.
bool mixes_up(std::string_view local_part) {
  constexpr std::string_view kUser = "{user}";
  constexpr std::string_view kDomain = "{domain}";
  const auto user = local_part.find(kUser);
  const auto domain = local_part.find(kDomain);
  if (user == std::string_view::npos || domain == std::string_view::npos) return false;
  const auto begin = std::min(user + kUser.size(), domain + kDomain.size());
  const auto between = local_part.substr(begin, std::max(user, domain) - begin);
  return std::all_of(between.begin(), between.end(), is_in_domain);
}

}  // namespace

std::optional<std::string> written(std::string_view local_part, std::string_view domain) {
  if (!is_fit(local_part) || !is_domain(domain)) return std::nullopt;
  auto address =
      (is_dot_string(local_part) ? std::string(local_part) : quoted(local_part)) + "@" + std::string(domain);
  if (address.size() > kLongest) return std::nullopt;
  return address;
}

std::optional<std::string> written_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  return written(address.substr(0, at), address.substr(at + 1));
}

std::optional<std::string> written_sender(std::string_view sender) {
  if (sender.empty()) return "";
  if (!is_fit(sender)) return std::nullopt;
  const auto at = sender.rfind('@');
  const auto local_part = sender.substr(0, at);
  const bool is_quoted = is_quoted_string(local_part);
  if (at == std::string_view::npos)
    return is_quoted || is_dot_string(sender) ? std::string(sender) : quoted(sender);
  if (!is_quoted) return written(local_part, sender.substr(at + 1));
  return is_domain(sender.substr(at + 1)) ? std::optional(std::string(sender)) : std::nullopt;
}

bool needs_utf8(std::string_view written) {
  return std::any_of(written.begin(), written.end(), is_above_ascii);
}

std::string with_detail(std::string_view address, std::string_view delimiter, std::string_view folder) {
  const auto at = std::min(address.rfind('@'), address.size());
  std::string detailed(address.substr(0, at));
  detailed += delimiter;
  detailed += folder;
  detailed += address.substr(at);
  return detailed;
}

Result<Recipients> Recipients::parse(std::string_view users, std::optional<std::string_view> catch_all) {
  Recipients parsed{std::string(users), std::string(catch_all.value_or(""))};
  const pigeon::Principal somebody = {.domain = "d.example", .user = "u"};
  const auto local_part = users.substr(0, users.rfind('@'));
  if (local_part.find("{user}") == std::string_view::npos)
    return wrong("recipient", users, "all users would have the same address");
  if (mixes_up(local_part))
    return wrong("recipient", users,
                 "two users could have the same address; write %, or so, between the names");
  if (auto made = expand(users, somebody); !made || !written_address(*made))
    return wrong("recipient", users, made ? "it makes no address" : made.failure().detail);
  if (!catch_all) return parsed;
  if (catch_all->find("{user}") != std::string_view::npos)
    return wrong("catchAll", *catch_all, "a catch-all has no user");
  if (auto made = expand(*catch_all, somebody); !made || !written_address(*made))
    return wrong("catchAll", *catch_all, made ? "it makes no address" : made.failure().detail);
  return parsed;
}

Result<std::string> Recipients::address_of(const pigeon::Principal& principal) const {
  const auto request = "request one on the user's own mailStore object: address=USER@HOST, class mda-lmtp (" +
                       pigeon::shell_word(principal.address()) + ")";
  if (principal.user.empty() && catch_all_.empty()) {
    return pigeon::misconfigured("make an address for the catch-all of " +
                                 pigeon::printable(principal.domain) + ": nobody said which")
        .with_remedy("say where the mail of catch-alls goes: \"mda-lmtp\": {\"catchAll\": \"...@{domain}\"}");
  }
  auto address = PIGEON_TRY(expand(principal.user.empty() ? catch_all_ : users_, principal));
  if (!written_address(address)) {
    return pigeon::misconfigured("make an address of '" + pigeon::printable(principal.user.substr(0, 100)) +
                                 "': no command can hold it")
        .with_remedy(request);
  }
  if (!principal.user.empty() && !catch_all_.empty() &&
      address == PIGEON_TRY(expand(catch_all_, principal))) {
    return pigeon::misconfigured("use the address " + pigeon::printable(address) +
                                 ": it is that of the catch-all")
        .with_remedy(request);
  }
  return address;
}

}  // namespace mda_lmtp
