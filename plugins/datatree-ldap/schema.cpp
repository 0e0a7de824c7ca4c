// SPDX-License-Identifier: MIT
#include "schema.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <span>

namespace datatree_ldap {
namespace {

// Every value is kept and compared as octets: a matching rule for text takes "jose " for "jose", and a
// decomposed "e" with an accent for a composed one.
constexpr const char* kSyntax =
    "EQUALITY octetStringMatch ORDERING octetStringOrderingMatch SUBSTR octetStringSubstringsMatch "
    "SYNTAX 1.3.6.1.4.1.1466.115.121.1.40";
// Of no class of the tree's: what `init` makes of a base that is named by pigeonName.
constexpr const char* kContainer = "pigeon-container";
constexpr std::size_t kLineWidth = 76;
constexpr std::string_view kPrefix = "pigeon";  // of every name of ours

// Under the arc, the name itself, a number for each of its characters: so it is the same on every machine,
// whatever plugins there are, and no two names have the same.
std::string oid_of(char kind, std::string_view name) {
  std::string oid = std::string(kArc) + "." + kind;
  for (const char c : pigeon::fold(name.substr(kPrefix.size())))
    oid += "." + std::to_string(static_cast<unsigned char>(c));
  return oid;
}

// A quoted description, RFC 4512: "'" and "\" cannot stand for themselves.
std::string quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : pigeon::printable(text)) {
    quoted += c == '\'' ? "\\27" : c == '\\' ? "\\5C" : std::string(1, c);
  }
  return quoted + "'";
}

std::string described(const std::string& name, const std::string& meaning) {
  return " NAME '" + name + "'" + (meaning.empty() ? "" : " DESC " + quoted(meaning));
}

std::string listed(const char* word, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  return std::string(" ") + word + " ( " + pigeon::join(names, " $ ") + " )";
}

// A definition over several lines, each but the first indented: a line that begins with a blank continues the
// last.
std::string wrapped(const std::string& text) {
  std::string lines;
  std::size_t width = 0;
  for (const auto word : pigeon::split(text, ' ')) {
    if (width > 0 && width + 1 + word.size() > kLineWidth) {
      lines += "\n ";
      width = 1;
    }
    lines += (width > 0 ? " " : "") + std::string(word);
    width += 1 + word.size();
  }
  return lines;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += at + i > bytes.size() ? '=' : kDigits[group >> (18U - 6U * i) & 63U];
    }
  }
  return text;
}

// A line of LDIF (RFC 2849), folded where it is long.
std::string ldif_line(const std::string& type, const std::string& value) {
  const bool is_plain =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
  const auto line = is_plain ? type + ": " + value : type + ":: " + base64(value);
  std::string folded = line.substr(0, kLineWidth);
  for (auto at = kLineWidth; at < line.size(); at += kLineWidth - 1)
    folded += "\n " + line.substr(at, kLineWidth - 1);
  return folded + "\n";
}

class Generator {
 public:
  explicit Generator(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {
    schema_.types = {{std::string(kNameType), "the name of an object among those of its level", true},
                     {kLockType, "the token of who holds the lock on the object", true}};
    schema_.classes = {{kContainer, "an entry that has a name alone", true, {std::string(kNameType)}}};
  }

  Done add(const pigeon_class& declared) {
    const bool is_root = pigeon::same_name(declared.name, pigeon::tree::kRoot);
    // The root is an entry of whatever class that was there, or may be named by what the base is named by.
    ObjectClass objectclass = {Vocabulary::class_type_of(declared.name), declared.meaning,
                               declared.kind == PIGEON_CLASS_STRUCTURAL && !is_root};
    if (objectclass.is_structural) objectclass.must.emplace_back(kNameType);
    for (const auto& each : std::span(declared.attributes, declared.attribute_count)) {
      PIGEON_TRY(add(each, declared.name));
      const auto type = vocabulary_.type_of(each.name);
      auto& may = objectclass.may;
      const auto same = [&](const auto& other) { return pigeon::same_name(other, type); };
      if (std::none_of(may.begin(), may.end(), same)) may.push_back(type);
    }
    if (objectclass.is_structural || is_root) objectclass.may.emplace_back(kLockType);
    schema_.classes.push_back(std::move(objectclass));
    return {};
  }
  LdapSchema take() && { return std::move(schema_); }

 private:
  Done add(const pigeon_declaration& attribute, const char* objectclass) {
    const bool is_single = (attribute.flags & PIGEON_DECLARATION_MULTI) == 0;
    const auto refuse = [&](const std::string& why) {
      return pigeon::misconfigured("print the schema: class " + std::string(objectclass) +
                                   " declares attribute " + attribute.name + ", " + why)
          .with_remedy("remove the plugin that declares it");
    };
    if (pigeon::same_name(attribute.name, "name")) return refuse("which is what every object is named by");
    const auto [known, is_new] = multiplicity_.emplace(attribute.name, is_single);
    if (!is_new && known->second != is_single)
      return refuse("which another class declares with another number of values");
    if (is_new) {
      schema_.types.push_back({vocabulary_.type_of(attribute.name), attribute.meaning, is_single,
                               !vocabulary_.is_mapped(attribute.name)});
    }
    return {};
  }

  const Vocabulary& vocabulary_;
  std::map<std::string, bool, pigeon::NameLess> multiplicity_;
  LdapSchema schema_;
};

}  // namespace

std::string AttributeType::definition() const {
  return "( " + oid_of('1', name) + described(name, meaning) + " " + kSyntax +
         (is_single ? " SINGLE-VALUE" : "") + " )";
}

std::string ObjectClass::definition() const {
  return "( " + oid_of('2', name) + described(name, meaning) + " SUP top " +
         (is_structural ? "STRUCTURAL" : "AUXILIARY") + listed("MUST", must) + listed("MAY", may) + " )";
}

Result<LdapSchema> LdapSchema::of(const pigeon_schema& schema, const Vocabulary& vocabulary) {
  Generator generator(vocabulary);
  for (const auto* each : std::span(schema.classes, schema.class_count)) PIGEON_TRY(generator.add(*each));
  return std::move(generator).take();
}

std::string LdapSchema::as_file() const {
  std::string text =
      "# The tree of PigeonDeliver, from the plugins that are installed: for `include` in slapd.conf.\n";
  for (const auto& each : types) {
    if (each.is_ours) text += "\n" + wrapped("attributetype " + each.definition()) + "\n";
  }
  for (const auto& each : classes) text += "\n" + wrapped("objectclass " + each.definition()) + "\n";
  return text;
}

std::string LdapSchema::as_ldif() const {
  std::string text =
      "# The tree of PigeonDeliver, from the plugins that are installed: for `ldapadd` to cn=config.\n"
      "dn: cn=pigeon,cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: pigeon\n";
  for (const auto& each : types) {
    if (each.is_ours) text += ldif_line("olcAttributeTypes", each.definition());
  }
  for (const auto& each : classes) text += ldif_line("olcObjectClasses", each.definition());
  return text;
}

std::string structural_class_for(std::string_view naming_type) {
  struct Naming {
    std::string_view type;
    const char* objectclass;
  };
  constexpr std::array kNamings = {Naming{"ou", "organizationalUnit"}, Naming{"dc", "domain"},
                                   Naming{"o", "organization"}, Naming{"cn", "applicationProcess"},
                                   Naming{kNameType, kContainer}};
  for (const auto& each : kNamings) {
    if (pigeon::same_name(each.type, naming_type)) return each.objectclass;
  }
  return {};
}

}  // namespace datatree_ldap
