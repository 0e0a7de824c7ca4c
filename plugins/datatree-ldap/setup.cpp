// SPDX-License-Identifier: MIT
//
// What an administrator's commands do: `init` and `check`.
#include "server_schema.hpp"
#include "tree.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

#include <random>

namespace datatree_ldap {
namespace {

constexpr std::size_t kMostNamed = 8;

// Identifies a tree: what servers of one tree have in common, and those of two have not.
std::string new_mark() {
  std::random_device random;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string mark;
  for (int i = 0; i < 32; ++i) mark += kHex[random() & 15U];
  return mark;
}

std::string listed(std::vector<std::string> names) {
  const auto more = names.size() > kMostNamed ? names.size() - kMostNamed : 0;
  names.resize(names.size() - more);
  return pigeon::join(names, ", ") + (more > 0 ? ", and " + std::to_string(more) + " more" : "");
}

}  // namespace

Done Tree::prepare_schema(Connection& connection, const LdapSchema& wanted, Deadline deadline) const {
  auto schema = PIGEON_TRY(ServerSchema::read(connection, deadline));
  auto missing = schema.missing(wanted);
  if (!missing.empty() && options_.extends_schema) {
    PIGEON_TRY(schema.extend(connection, wanted, deadline));
    schema = PIGEON_TRY(ServerSchema::read(connection, deadline));
    missing = schema.missing(wanted);
  }
  if (missing.empty()) return {};
  return pigeon::misconfigured(connection.uri() + ": the server's schema lacks " + listed(missing))
      .with_remedy(
          "load what `pigeonctl schema ldap` prints (with --cn-config for a server that keeps its "
          "configuration in cn=config), or set \"extendSchema\": true");
}

Done Tree::make_root(Connection& connection, Deadline deadline) {
  const auto& base = options_.base;
  const auto type = options_.vocabulary.type_of("tree");
  const auto root_class = Vocabulary::class_type_of(pigeon::tree::kRoot);
  const std::vector<Question> questions = {
      {.dn = base, .types = {"objectClass", "entryCSN", type}, .resolves_aliases = false}};
  const auto answer = PIGEON_TRY(connection.ask(questions, deadline)).front();
  if (answer.code != LDAP_SUCCESS && answer.code != LDAP_NO_SUCH_OBJECT) {
    return connection.refused(answer, "read the base " + base);
  }
  const auto mark = new_mark();
  Alteration alteration{Alteration::Kind::add, base};
  if (!answer.entries.empty()) {
    const auto& entry = answer.entries.front();
    if (entry.has_value("objectClass", root_class) && !entry.first(type).empty()) return {};
    alteration.kind = Alteration::Kind::modify;
    alteration.assertion = PIGEON_TRY(unchanged(entry, {}));
    if (!entry.has_value("objectClass", root_class)) {
      alteration.modifications.push_back({LDAP_MOD_ADD, "objectClass", {root_class}});
    }
    alteration.modifications.push_back({LDAP_MOD_ADD, type, {mark}});
  } else {
    const auto dn = parse_dn(base);
    const auto structural = dn && !dn->empty() ? structural_class_for(dn->front().type) : std::string();
    if (structural.empty()) {
      return pigeon::misconfigured("make the base " + base + ": it is not known what such an entry is")
          .with_remedy("add the entry yourself; `pigeonctl init` then marks it");
    }
    alteration.modifications = {{LDAP_MOD_ADD, "objectClass", {structural, root_class}},
                                {LDAP_MOD_ADD, dn->front().type, {dn->front().value}},
                                {LDAP_MOD_ADD, type, {mark}}};
  }
  const auto made = PIGEON_TRY(connection.alter(alteration, deadline));
  if (made.code == LDAP_SUCCESS) return {};
  // Somebody else was first.
  if (made.code == LDAP_ALREADY_EXISTS || made.code == LDAP_ASSERTION_FAILED)
    return make_root(connection, deadline);
  return connection.refused(made, "mark the root of the tree, " + base);
}

Done Tree::initialize(const pigeon_schema& schema, Deadline deadline) {
  const auto wanted = PIGEON_TRY(LdapSchema::of(schema, options_.vocabulary));
  const auto made =
      provider().on_one<bool>(deadline, [&](Connection& connection, Deadline until) -> Result<bool> {
        PIGEON_TRY(prepare_schema(connection, wanted, until));
        PIGEON_TRY(make_root(connection, until));
        return true;
      });
  return made ? Done() : Done(made.failure());
}

Done Tree::check_server(Connection& connection, Deadline deadline) {
  const auto schema = PIGEON_TRY(ServerSchema::read(connection, deadline));
  for (const auto& type : {std::string(kNameType), std::string(kLockType)}) {
    if (schema.is_octets(type)) continue;
    return pigeon::misconfigured(connection.uri() + ": the server does not compare " + type +
                                 " as octets, or lacks it")
        .with_remedy(
            "load what `pigeonctl schema ldap` prints, and nothing else, for the types of PigeonDeliver");
  }
  // A lock is taken by adding its value, which the server refuses where there is one.
  if (!schema.is_single(kLockType)) {
    return pigeon::misconfigured(connection.uri() + ": the server takes more than one value of " + kLockType +
                                 ", so that two could hold a lock")
        .with_remedy("load what `pigeonctl schema ldap` prints for it, and nothing else");
  }
  const std::vector<Question> questions = {{.dn = "", .types = {"supportedControl"}}};
  const auto answer = PIGEON_TRY(connection.ask(questions, deadline)).front();
  for (const auto* control : {LDAP_CONTROL_ASSERT, LDAP_CONTROL_PAGEDRESULTS}) {
    if (!answer.entries.empty() && answer.entries.front().has_value("supportedControl", control)) continue;
    return pigeon::misconfigured(connection.uri() +
                                 ": the server does not say that it supports the control " + control)
        .with_remedy("use a server that has the assertion control (RFC 4528) and paged results (RFC 2696)");
  }
  const auto root = PIGEON_TRY(Reader(connection, context_, deadline).find(TreePath(), 0));
  if (!root) return connection.unavailable("read the root: it is not there");
  PIGEON_TRY(unchanged(root->entry, {}));
  return {};
}

// Each server for itself: one that would be needed only when another fails must not be found broken then.
Done Tree::check(Deadline deadline) {
  for (auto* servers : {&provider(), &servers_}) {
    for (std::size_t i = 0; i < servers->size(); ++i) {
      const auto checked =
          servers->on<bool>(i, deadline, [&](Connection& connection, Deadline until) -> Result<bool> {
            PIGEON_TRY(check_server(connection, until));
            return true;
          });
      if (!checked) return checked.failure();
    }
    if (!providers_) break;
  }
  return {};
}

}  // namespace datatree_ldap
