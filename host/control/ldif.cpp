// SPDX-License-Identifier: MIT
#include "host/control/ldif.hpp"

#include <pigeon/sdk/ldap_words.hpp>

#include <sodium.h>

#include <algorithm>
#include <array>

namespace pigeon::control {
namespace {

// RFC 2849, note 7: lines should be folded; 76 is what everybody takes.
constexpr std::size_t kWidth = 76;
// Longer than any value that a person or a server makes.
constexpr std::size_t kLongestLine = 16U << 20U;

// What servers keep for themselves (RFC 4512, 3.4; RFC 4530; RFC 5020; OpenLDAP's slapcat).
constexpr std::array<std::string_view, 14> kOperational = {"structuralObjectClass",
                                                           "entryUUID",
                                                           "creatorsName",
                                                           "createTimestamp",
                                                           "entryCSN",
                                                           "modifiersName",
                                                           "modifyTimestamp",
                                                           "contextCSN",
                                                           "entryDN",
                                                           "hasSubordinates",
                                                           "subschemaSubentry",
                                                           "numSubordinates",
                                                           "governingStructureRule",
                                                           "collectiveAttributeSubentries"};

bool is_operational(std::string_view type) {
  return type == kLdapLockType || std::any_of(kOperational.begin(), kOperational.end(),
                                              [&](auto each) { return same_name(each, type); });
}

Failure wrong(std::uint64_t line, const std::string& what, const std::string& remedy) {
  return misconfigured("line " + std::to_string(line) + ": " + what).with_remedy(remedy);
}

// RFC 2849, SAFE-STRING; and no blank at the end (note 8).
bool is_safe(std::string_view value) {
  const auto safe = [](char c) {
    return c != '\0' && c != '\r' && c != '\n' && static_cast<unsigned char>(c) < 0x80;
  };
  return value.empty() || (std::string_view(" :<").find(value.front()) == std::string_view::npos &&
                           value.back() != ' ' && std::all_of(value.begin(), value.end(), safe));
}

std::string base64(std::string_view value) {
  std::string encoded(sodium_base64_encoded_len(value.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(), reinterpret_cast<const unsigned char*>(value.data()),
                    value.size(), sodium_base64_VARIANT_ORIGINAL);
  encoded.pop_back();  // a NUL
  return encoded;
}

std::optional<std::string> from_base64(std::string_view encoded) {
  std::string value(encoded.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(value.data()), value.size(), encoded.data(),
                        encoded.size(), " ", &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  value.resize(size);
  return value;
}

void add_line(std::string& to, std::string_view type, std::string_view value) {
  std::string line(type);
  line += is_safe(value) ? ": " + std::string(value) : ":: " + base64(value);
  std::string_view rest = line;
  for (std::size_t width = kWidth; rest.size() > width; width = kWidth - 1) {
    to += rest.substr(0, width);
    to += "\n ";
    rest.remove_prefix(width);
  }
  to += rest;
  to += '\n';
}

// A DN in pieces, from the left: "type=value", the value unescaped (RFC 4514, section 3).
struct Rdn {
  std::string type;
  std::string value;
};

// Blanks around a type or a value do not count, unless they are escaped.
std::optional<Rdn> take_rdn(std::string_view& dn) {
  const auto equals = dn.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  auto type = dn.substr(0, equals);
  while (starts_with(type, " ")) type.remove_prefix(1);
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  Rdn rdn = {.type = std::string(type), .value = {}};
  dn.remove_prefix(equals + 1);
  std::size_t size = 0;  // up to the last that is no blank
  while (!dn.empty() && dn.front() != ',') {
    if (dn.front() != '\\') {
      if (dn.front() != ' ' || !rdn.value.empty()) rdn.value += dn.front();
      if (dn.front() != ' ') size = rdn.value.size();
      dn.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    const auto hex = dn.substr(1, 2);
    if (hex.empty()) return std::nullopt;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
    const bool is_pair = hex.size() == 2 && error == std::errc() && end == hex.data() + 2;
    rdn.value += is_pair ? static_cast<char>(byte) : hex.front();
    size = rdn.value.size();
    dn.remove_prefix(is_pair ? 3 : 2);
  }
  rdn.value.resize(size);
  if (!dn.empty()) dn.remove_prefix(1);
  return rdn;
}

}  // namespace

std::string to_ldif(const Object& object, std::string_view base) {
  const auto path = TreePath::parse(object.path).value_or(TreePath());
  std::string record;
  add_line(record, "dn", dn_of(path, base));
  add_line(record, "objectClass", ldap_word(object.objectclass));
  for (const auto& each : object.auxiliary) add_line(record, "objectClass", ldap_word(each));
  if (!path.is_root()) add_line(record, kLdapNameType, path.name());
  for (const auto& [name, values] : object.attributes) {
    for (const auto& value : values) add_line(record, ldap_word(name), value);
  }
  return record + "\n";
}

// A line with those that continue it; nothing at the end of the input. Comments are as any other line here.
Result<std::optional<std::string>> LdifReader::logical_line() {
  std::string line;
  if (!std::getline(in_, line)) return std::nullopt;
  begin_ = ++line_;
  const auto chomp = [](std::string& text) {
    if (!text.empty() && text.back() == '\r') text.pop_back();
  };
  chomp(line);
  for (std::string more; in_.peek() == ' ' && !line.empty() && std::getline(in_, more);) {
    ++line_;
    chomp(more);
    line.append(more, 1);
    if (line.size() > kLongestLine) {
      return wrong(begin_, "a value is longer than 16 MiB", "see whether this is LDIF at all");
    }
  }
  return line;
}

Result<std::vector<LdifReader::Line>> LdifReader::record() {
  std::vector<Line> lines;
  for (;;) {
    const auto line = PIGEON_TRY(logical_line());
    if (!line || (line->empty() && !lines.empty())) return lines;
    if (line->empty() || line->front() == '#') continue;
    const auto colon = line->find(':');
    if (colon == std::string::npos) {
      return wrong(begin_, "'" + printable(line->substr(0, 80)) + "' is not TYPE: VALUE",
                   "see whether this is LDIF; without --ldif, JSON lines are read");
    }
    Line read = {.type = line->substr(0, colon), .value = {}, .number = begin_};
    const auto mark = line->substr(colon + 1, 1);
    const auto from = line->find_first_not_of(' ', colon + (mark == ":" || mark == "<" ? 2 : 1));
    const auto value = from == std::string::npos ? std::string() : line->substr(from);
    if (mark == "<")
      return wrong(begin_, "a value is to be read from elsewhere",
                   "put the value itself here; no URL is followed");
    const auto decoded = mark == ":" ? from_base64(value) : value;
    if (!decoded) return wrong(begin_, "a value is not base64", "export it anew");
    read.value = *decoded;
    if (read.type == "version" && lines.empty()) {
      if (read.value != "1")
        return wrong(begin_, "version " + printable(read.value), "LDIF has version 1 only");
      continue;
    }
    lines.push_back(std::move(read));
  }
}

Done LdifReader::check_base(std::string_view base, std::uint64_t line) {
  if (!base_) base_ = fold(base);
  if (*base_ == fold(base)) return {};
  return wrong(
      line,
      "the entry is below '" + printable(base) + "', those before it were below '" + printable(*base_) + "'",
      "import one tree at a time");
}

Result<LdifEntry> LdifReader::entry_of(const std::vector<Line>& lines) {
  const auto& first = lines.front();
  if (!same_name(first.type, "dn")) {
    return wrong(first.number, "an entry begins with '" + printable(first.type) + "'",
                 "let it begin with its dn");
  }
  LdifEntry entry = {.line = first.number, .path = {}, .classes = {}, .attributes = {}};
  std::vector<std::string> names;
  std::string_view rest = first.value;
  for (auto before = rest; !rest.empty(); before = rest) {
    auto rdn = take_rdn(rest);
    if (!rdn) return wrong(first.number, "'" + printable(first.value) + "' is no DN", "see RFC 4514");
    if (!same_name(rdn->type, kLdapNameType)) {
      rest = before;
      break;
    }
    names.push_back(std::move(rdn->value));
  }
  if (names.empty()) return entry;  // the root, or what is above it
  PIGEON_TRY(check_base(rest, first.number));
  std::reverse(names.begin(), names.end());
  for (const auto& name : names) {
    if (!TreePath::is_name(name) || entry.path.depth() == TreePath::kDeepest) {
      return wrong(first.number, "'" + printable(first.value) + "' names no object",
                   "see pigeonctl(8), PATH");
    }
    entry.path = entry.path.child(name);
  }
  for (const auto& line : std::span(lines).subspan(1)) {
    if (same_name(line.type, "changetype")) {
      if (same_name(line.value, "add")) continue;
      return wrong(line.number, "changetype " + printable(line.value),
                   "only entries, or changes that add, are imported");
    }
    if (is_operational(line.type)) continue;
    const bool is_class = same_name(line.type, "objectClass");
    if (is_class && same_name(line.value, "top")) continue;
    if (same_name(line.type, kLdapNameType)) {
      if (line.value == names.back()) continue;
      return wrong(line.number, "the name '" + printable(line.value) + "' is not the one in the dn",
                   "let both be the same");
    }
    const auto word = word_of_ldap(is_class ? line.value : line.type);
    if (!word) {
      return wrong(line.number,
                   "'" + printable(is_class ? line.value : line.type) + "' does not belong to a tree",
                   "remove it, or write pigeonNAME for the attribute or the class NAME");
    }
    if (is_class) {
      entry.classes.push_back(*word);
    } else {
      entry.attributes.add(*word, line.value);
    }
  }
  return entry;
}

Result<std::optional<LdifEntry>> LdifReader::next() {
  for (;;) {
    const auto lines = PIGEON_TRY(record());
    if (lines.empty()) return std::nullopt;
    auto entry = PIGEON_TRY(entry_of(lines));
    if (!entry.path.is_root()) return entry;
  }
}

}  // namespace pigeon::control
