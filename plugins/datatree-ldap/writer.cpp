// SPDX-License-Identifier: MIT
#include "writer.hpp"

#include "server_schema.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <set>

namespace datatree_ldap {
namespace {

using pigeon::Change;
using pigeon::Precondition;

bool holds(const Precondition& condition, const std::optional<Object>& object) {
  if (condition.kind == PIGEON_IF_OBJECT_ABSENT) return !object;
  if (!object) return false;
  if (condition.kind == PIGEON_IF_ATTRIBUTE_ABSENT) return !object->attributes.has(condition.name);
  return object->attributes.get(condition.name) == condition.value;
}

pigeon::Values as_set(const pigeon::Values& values) {
  const std::set<std::string> distinct(values.begin(), values.end());
  return {distinct.begin(), distinct.end()};
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& each) { return pigeon::same_name(each, name); });
}

// The whole of a new object.
std::vector<Modification> contents(const Object& object, const std::string& name,
                                   const Vocabulary& vocabulary) {
  pigeon::Values classes = {Vocabulary::class_type_of(object.objectclass)};
  for (const auto& each : object.auxiliary) classes.push_back(Vocabulary::class_type_of(each));
  std::vector<Modification> modifications = {{LDAP_MOD_ADD, "objectClass", classes},
                                             {LDAP_MOD_ADD, std::string(kNameType), {name}}};
  for (const auto& [attribute, values] : object.attributes) {
    modifications.push_back({LDAP_MOD_ADD, vocabulary.type_of(attribute), values});
  }
  return modifications;
}

}  // namespace

Result<std::string> unchanged(const Entry& entry, const std::optional<pigeon::Token>& token) {
  const auto number = entry.first("entryCSN");
  if (number.empty()) {
    return pigeon::misconfigured(
               "write " + pigeon::printable(entry.dn) +
               ": the server keeps no entryCSN, by which a write knows that nobody else has written")
        .with_remedy("let this identity read entryCSN, and leave `lastmod` of the database on");
  }
  const auto same = equality("entryCSN", number);
  return token ? "(&" + same + equality(kLockType, *token) + ")" : same;
}

std::vector<Modification> difference(const Object& before, const Object& after,
                                     const Vocabulary& vocabulary) {
  std::vector<Modification> modifications;
  const auto compare = [&](const Object& from, const Object& with, int kind) {
    pigeon::Values classes;
    for (const auto& each : from.auxiliary) {
      if (!with.has_auxiliary(each)) classes.push_back(Vocabulary::class_type_of(each));
    }
    if (!classes.empty()) modifications.push_back({kind, "objectClass", classes});
  };
  compare(before, after, LDAP_MOD_DELETE);
  compare(after, before, LDAP_MOD_ADD);
  for (const auto& [name, values] : before.attributes) {
    if (!after.attributes.has(name)) modifications.push_back({LDAP_MOD_REPLACE, vocabulary.type_of(name)});
  }
  for (const auto& [name, values] : after.attributes) {
    const auto old = before.attributes.all(name);
    if (as_set({old.begin(), old.end()}) == as_set(values)) continue;
    modifications.push_back({LDAP_MOD_REPLACE, vocabulary.type_of(name), values});
  }
  return modifications;
}

Result<Answer> Writer::alter_at(Connection& connection, const Alteration& alteration, unsigned hops,
                                Deadline deadline) {
  auto answer = PIGEON_TRY(connection.alter(alteration, deadline));
  if (answer.code != LDAP_REFERRAL) return answer;
  return context_.referrals.follow<Answer>(
      answer.referral, alteration.dn, hops, deadline,
      [&](Connection& other, const std::string& dn, Deadline until) -> Result<Answer> {
        auto moved = alteration;
        moved.dn = dn;
        return alter_at(other, moved, hops + 1, until);
      });
}

Result<Answer> Writer::alter(const Alteration& alteration) {
  return alter_at(connection_, alteration, 0, deadline_);
}

Done Writer::remove_class(const std::string& objectclass, Object& object) {
  const auto schema = PIGEON_TRY(ServerSchema::read(connection_, deadline_));
  std::erase_if(object.auxiliary, [&](const auto& each) { return pigeon::same_name(each, objectclass); });
  const auto* own = schema.types_of(Vocabulary::class_type_of(objectclass));
  if (own == nullptr) {
    return pigeon::misconfigured(connection_.uri() + ": the server's schema has no class for " +
                                 pigeon::printable(objectclass));
  }
  std::vector<std::string> kept;
  auto others = object.auxiliary;
  others.push_back(object.objectclass);
  for (const auto& each : others) {
    const auto* types = schema.types_of(Vocabulary::class_type_of(each));
    if (types != nullptr) kept.insert(kept.end(), types->begin(), types->end());
  }
  for (const auto& type : *own) {
    const auto name = context_.options.vocabulary.attribute_of(type);
    if (name && !contains(kept, type)) object.attributes.erase(*name);
  }
  return {};
}

Result<Applied> Writer::change(const Change& change, std::optional<Object>& object, const TreePath& path) {
  const auto wrong = [&](const std::string& what) {
    return pigeon::misconfigured("write " + path.text() + ": " + what)
        .with_remedy("see `pigeonctl schema json` for the classes and their attributes");
  };
  const bool needs_name = change.kind != PIGEON_CHANGE_REMOVE;
  if (needs_name && !pigeon::is_key_string(change.name)) {
    return wrong("'" + pigeon::printable(change.name) + "' cannot be the name of a class or an attribute");
  }
  if (change.kind == PIGEON_CHANGE_CREATE) {
    if (object) return Applied::conflict;
    object = Object{.path = path.text(), .objectclass = change.name};
    return Applied::yes;
  }
  if (!object) return Applied::not_there;
  switch (change.kind) {
    case PIGEON_CHANGE_REMOVE:
      if (path.is_root()) return Applied::conflict;
      object.reset();
      return Applied::yes;
    case PIGEON_CHANGE_ADD_CLASS:
      if (!pigeon::same_name(object->objectclass, change.name) && !object->has_auxiliary(change.name)) {
        object->auxiliary.push_back(change.name);
      }
      return Applied::yes;
    case PIGEON_CHANGE_REMOVE_CLASS:
      if (object->has_auxiliary(change.name)) PIGEON_TRY(remove_class(change.name, *object));
      return Applied::yes;
    case PIGEON_CHANGE_SET:
      if (pigeon::same_name(change.name, "name")) return wrong("an object's name is what its path ends with");
      object->attributes.set(change.name, as_set(change.values));
      return Applied::yes;
    default:
      return pigeon::failure(PIGEON_UNSUPPORTED, "a change of kind " + std::to_string(change.kind));
  }
}

Result<std::optional<Applied>> Writer::write(const TreePath& path, const std::optional<Found>& found,
                                             const std::optional<Object>& after,
                                             const pigeon::Update& update) {
  Alteration alteration{Alteration::Kind::modify,
                        found ? found->entry.dn : dn_of(path, context_.options.base)};
  const auto& vocabulary = context_.options.vocabulary;
  if (found) alteration.assertion = PIGEON_TRY(unchanged(found->entry, update.token));
  if (!found && !after) return Applied::yes;
  if (!found) {
    alteration.kind = Alteration::Kind::add;
    alteration.modifications = contents(*after, path.name(), vocabulary);
  } else if (!after) {
    alteration.kind = Alteration::Kind::remove;
  } else if (!pigeon::same_name(found->objects.front().objectclass, after->objectclass)) {
    return pigeon::failure(PIGEON_UNSUPPORTED, "write " + path.text() + ": an object keeps its class");
  } else {
    alteration.modifications = difference(found->objects.front(), *after, vocabulary);
    if (alteration.modifications.empty()) return Applied::yes;
  }
  const auto answer = PIGEON_TRY(alter(alteration));
  switch (answer.code) {
    case LDAP_SUCCESS:
      return Applied::yes;
    case LDAP_ALREADY_EXISTS:
    case LDAP_NOT_ALLOWED_ON_NONLEAF:
      return Applied::conflict;
    case LDAP_ASSERTION_FAILED:
    case LDAP_NO_SUCH_OBJECT: {
      // Nobody has written since, and it is refused all the same.
      const auto number = found ? found->entry.first("entryCSN") : std::string();
      if (!found || number == failed_on_) {
        return connection_.refused(answer, "write " + path.text())
            .with_remedy("let this identity write here, and read and search entryCSN and " +
                         std::string(kLockType));
      }
      failed_on_ = number;
      return std::nullopt;
    }
    default:
      return connection_.refused(answer, "write " + path.text());
  }
}

Result<std::optional<Applied>> Writer::try_once(const pigeon::Update& update) {
  const auto& path = update.path;
  auto read = Reader(connection_, context_, deadline_).find(path, 0);
  if (!read && !path.is_root()) {
    // An object whose parent is missing cannot be made; that is known where the parent's own absence is.
    const auto above = Reader(connection_, context_, deadline_).find(path.parent(), 0);
    if (above && !*above) return Applied::not_there;
  }
  const auto found = PIGEON_TRY(std::move(read));
  auto object = found ? std::optional(found->objects.front()) : std::nullopt;
  const auto missed = object ? Applied::conflict : Applied::not_there;
  for (const auto& condition : update.preconditions) {
    if (condition.kind < PIGEON_IF_OBJECT_ABSENT || condition.kind > PIGEON_IF_ATTRIBUTE_EQUAL) {
      return pigeon::failure(PIGEON_UNSUPPORTED, "a precondition of kind " + std::to_string(condition.kind));
    }
    if (!holds(condition, object)) return missed;
  }
  if (update.token && (!found || found->entry.first(kLockType) != *update.token)) return missed;
  for (const auto& each : update.changes) {
    const auto changed = PIGEON_TRY(change(each, object, path));
    if (changed != Applied::yes) return changed;
  }
  return write(path, found, object, update);
}

Result<Applied> Writer::apply(const pigeon::Update& update) {
  while (!deadline_.passed()) {
    if (const auto applied = PIGEON_TRY(try_once(update))) return *applied;
  }
  return pigeon::failure(PIGEON_TIMEOUT,
                         "write " + update.path.text() + ": others changed it until the deadline");
}

Result<std::optional<Writer::Lock>> Writer::observe(const TreePath& path) {
  const auto found = PIGEON_TRY(Reader(connection_, context_, deadline_).find(path, 0));
  if (!found) return std::nullopt;
  return Lock{found->entry.dn, found->entry.first(kLockType)};
}

Result<bool> Writer::exchange(const Lock& observed, const pigeon::Token& ours) {
  Alteration alteration{Alteration::Kind::modify, observed.dn};
  // The server refuses to delete a value that is not there, and to add a second one.
  if (!observed.token.empty())
    alteration.modifications.push_back({LDAP_MOD_DELETE, kLockType, {observed.token}});
  if (!ours.empty()) alteration.modifications.push_back({LDAP_MOD_ADD, kLockType, {ours}});
  const auto answer = PIGEON_TRY(alter(alteration));
  switch (answer.code) {
    case LDAP_SUCCESS:
      return true;
    case LDAP_NO_SUCH_ATTRIBUTE:
    case LDAP_TYPE_OR_VALUE_EXISTS:
    case LDAP_CONSTRAINT_VIOLATION:
    case LDAP_NO_SUCH_OBJECT:
      return false;
    default:
      return connection_.refused(answer, "lock " + pigeon::printable(observed.dn));
  }
}

}  // namespace datatree_ldap
