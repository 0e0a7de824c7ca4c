// SPDX-License-Identifier: MIT
#include "name.hpp"

#include <mailbox-rules/spread.hpp>

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <cstdint>

namespace mda_sql {
namespace {

using pigeon::Result;

constexpr std::string_view kPrefix = "mail_";
constexpr std::size_t kLongestTable = 64;
constexpr std::size_t kLongestMailbox = 700;  // octets: the column's
constexpr std::string_view kHex = "0123456789abcdef";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_mailbox_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestMailbox && pigeon::is_utf8(name) &&
         !pigeon::has_control_characters(name);
}

}  // namespace

Result<std::string> mailbox_name(const pigeon::Principal& principal) {
  auto name = principal.address();
  if (is_mailbox_name(name)) return name;
  return pigeon::misconfigured("make a mailbox for '" + pigeon::printable(name.substr(0, kLongestMailbox)) +
                               "': it cannot be the name of one")
      .with_remedy("choose another storage format for this user");
}

std::string table_name(std::string_view mailbox) {
  std::string name(kPrefix);
  for (const char c : mailbox) {
    const auto octet = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      name += c;
    } else {
      name += {'_', kHex[octet >> 4U], kHex[octet & 15U]};
    }
  }
  if (name.size() <= kLongestTable) return name;
  // "__" is in no name that is not cut.
  constexpr std::size_t kDigits = 16;
  name.resize(kLongestTable - kDigits - 2);
  name += "__";
  const auto hash = mailbox_rules::spread(mailbox);
  for (std::size_t digit = 0; digit < kDigits; ++digit) name += kHex[(hash >> (60U - 4U * digit)) & 15U];
  return name;
}

bool is_table_name(std::string_view name) {
  return name.size() > kPrefix.size() && name.size() <= kLongestTable && pigeon::starts_with(name, kPrefix) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_plain(c) || c == '_'; });
}

Result<sql_mailbox::Place> place_of(const pigeon::Allocation& allocation, const std::string& shown) {
  const auto mailbox = allocation.attributes.get("mailbox");
  const auto table = allocation.attributes.get("table");
  if (mailbox && is_mailbox_name(*mailbox) && (!table || is_table_name(*table))) {
    return sql_mailbox::Place{.name = std::string(*mailbox),
                              .own_table = std::string(table.value_or("")),
                              .shown = std::string(*mailbox) + " in " + shown};
  }
  return pigeon::misconfigured("use the allocation " + pigeon::printable(allocation.id) + ": its mailbox '" +
                               pigeon::printable(mailbox.value_or("").substr(0, kLongestMailbox)) +
                               "' or its table '" +
                               pigeon::printable(table.value_or("").substr(0, kLongestTable)) + "' is none")
      .with_remedy("restore the allocation of " + pigeon::shell_word(allocation.principal.address()) +
                   " from a backup of the tree");
}

}  // namespace mda_sql
