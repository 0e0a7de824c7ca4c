// SPDX-License-Identifier: MIT
//
// What is below an object: entries, aliases of what is elsewhere, and what another server holds.
#include "reader.hpp"

#include <pigeon/sdk/text.hpp>

namespace datatree_ldap {
namespace {

// How many levels are asked for at once.
constexpr std::size_t kAtOnce = 100;

}  // namespace

void Reader::add_seen_from(const TreePath& as, const TreePath& top, Objects objects, Objects& to) {
  for (auto& object : objects) {
    const auto path = TreePath::parse(object.alias.empty() ? object.path : object.alias);
    if (path && (*path == top || path->is_below(top))) {
      auto seen = as;
      for (std::size_t i = top.depth(); i < path->depth(); ++i) seen = seen.child(path->names()[i]);
      object.alias = seen.text() == object.path ? "" : seen.text();
    }
    to.push_back(std::move(object));
  }
}

Done Reader::add_below(const Answer& answer, const Wanted& top, const Anchor& anchor, Objects& to) {
  // Too many to come at once, with what is deeper than asked for among them.
  if (answer.code == LDAP_SIZELIMIT_EXCEEDED && top.depth > 1) return add_level_by_level(top, anchor, to);
  if (answer.code != LDAP_SUCCESS) {
    return connection_.refused(answer, "read what is below " + pigeon::printable(top.dn));
  }
  for (const auto& entry : answer.entries) PIGEON_TRY(add_entry(entry, top, anchor, to));
  for (const auto& uris : answer.references) PIGEON_TRY(add_referred(uris, top, anchor, to));
  return {};
}

Done Reader::add_level_by_level(const Wanted& top, const Anchor& anchor, Objects& to) {
  std::vector<TreePath> parents = {top.as};
  for (unsigned level = 1; level <= top.depth && !parents.empty(); ++level) {
    Objects found;
    for (std::size_t at = 0; at < parents.size(); at += kAtOnce) {
      std::vector<Question> questions;
      for (std::size_t i = at; i < std::min(parents.size(), at + kAtOnce); ++i) {
        TreePath below;
        for (std::size_t n = top.as.depth(); n < parents[i].depth(); ++n)
          below = below.child(parents[i].names()[n]);
        questions.push_back(
            {.dn = dn_of(below, top.dn), .scope = Scope::one, .types = types(), .filter = kAnyOfOurs});
      }
      const auto answers = PIGEON_TRY(connection_.ask(questions, deadline_));
      for (std::size_t i = 0; i < answers.size(); ++i) {
        PIGEON_TRY(add_below(answers[i], {questions[i].dn, parents[at + i], 1}, anchor, found));
      }
    }
    parents.clear();
    for (auto& object : found) {
      if (object.alias.empty()) parents.push_back(TreePath::parse(object.path).value_or(TreePath()));
      to.push_back(std::move(object));
    }
  }
  return {};
}

Done Reader::add_entry(const Entry& entry, const Wanted& top, const Anchor& anchor, Objects& to) {
  const auto dn = parse_dn(entry.dn);
  const auto path = dn ? path_of(*dn, anchor.base, anchor.at) : std::nullopt;
  const bool is_object = Vocabulary::class_of(entry.first("structuralObjectClass")).has_value();
  if (!path) {
    // Somebody else's, which happens to be there, and what is below it.
    if (!is_object) return {};
    return strange(entry.dn, "it has a name that no object can have");
  }
  if (*path == top.as) return {};
  if (!path->is_below(top.as)) return strange(entry.dn, "it is not below " + pigeon::printable(top.dn));
  const auto level = path->depth() - top.as.depth();
  if (level > top.depth) return {};
  if (is_alias(entry)) {
    return add_aliased(entry, {entry.dn, *path, static_cast<unsigned>(top.depth - level)}, anchor, to);
  }
  to.push_back(PIGEON_TRY(object_of(entry, *path)));
  return {};
}

Done Reader::add_aliased(const Entry& alias, const Wanted& wanted, const Anchor& anchor, Objects& to) {
  if (hops_ >= Referrals::kMostHops) return strange(alias.dn, "aliases lead to aliases, again and again");
  const auto target = alias.first("aliasedObjectName");
  const auto dn = parse_dn(target);
  const auto path = dn ? path_of(*dn, anchor.base, anchor.at) : std::nullopt;
  if (!path) {
    return strange(alias.dn,
                   "it is an alias of '" + pigeon::printable(target) + "', which is outside of the tree");
  }
  const Wanted there = {target, *path, wanted.depth};
  std::vector<Question> questions;
  add_questions(there, questions);
  auto answers = PIGEON_TRY(connection_.ask(questions, deadline_));
  ++hops_;
  auto found = found_in(answers, there, anchor);
  --hops_;
  auto objects = PIGEON_TRY(std::move(found));
  if (!objects)
    return strange(alias.dn, "it is an alias of '" + pigeon::printable(target) + "', which is not there");
  // An alias of an alias: only this one is of interest.
  objects->objects.front().alias.clear();
  const auto top = TreePath::parse(objects->objects.front().path).value_or(TreePath());
  add_seen_from(wanted.as, top, std::move(objects->objects), to);
  return {};
}

Done Reader::add_referred(const pigeon::Values& uris, const Wanted& top, const Anchor& anchor, Objects& to) {
  // All of them name the same object.
  const auto place = uris.empty() ? std::nullopt : place_of(uris.front());
  const auto dn = place ? parse_dn(place->dn) : std::nullopt;
  const auto path = dn ? path_of(*dn, anchor.base, anchor.at) : std::nullopt;
  if (!path || !path->is_below(top.as)) {
    return strange(top.dn, "below it a referral leads to '" + pigeon::printable(pigeon::join(uris, " or ")) +
                               "', which has another DN than the referral");
  }
  const auto level = path->depth() - top.as.depth();
  if (level > top.depth) return {};
  const auto found =
      PIGEON_TRY(find_referred(uris, {place->dn, *path, static_cast<unsigned>(top.depth - level)}));
  if (!found) return strange(place->dn, "a referral leads to it, and it is not there");
  to.insert(to.end(), found->objects.begin(), found->objects.end());
  return {};
}

}  // namespace datatree_ldap
