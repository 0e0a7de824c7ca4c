// SPDX-License-Identifier: MIT
#include "listing.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>

namespace datatree_ldap {
namespace {

constexpr int kNamesInPage = 1000;
// No tree is deeper than a few levels.
constexpr std::size_t kLevelsKept = 8;
// Objects that are asked for at once.
constexpr std::size_t kAtOnce = 200;

bool is_object(const Entry& entry) {
  return Vocabulary::class_of(entry.first("structuralObjectClass")).has_value();
}

}  // namespace

Result<std::vector<std::string>> Listing::names_below(Connection& connection, Context& context,
                                                      const std::string& dn, unsigned hops,
                                                      Deadline deadline) {
  using Names = std::vector<std::string>;
  const auto base = parse_dn(dn);
  const auto strange = [&](const std::string& what) {
    return connection.unavailable("list what is below " + pigeon::printable(dn) + ": " + what);
  };
  if (!base) return strange("this is no DN");
  const auto name_of = [&](const std::string& below) -> std::optional<std::string> {
    const auto parsed = parse_dn(below);
    const auto path = parsed ? path_of(*parsed, *base) : std::nullopt;
    return path && path->depth() == 1 ? std::optional(path->name()) : std::nullopt;
  };
  Names names;
  // Most levels are small, and a page of a small one takes slapd ten times as long as the whole of it.
  Question question{.dn = dn, .scope = Scope::one, .types = {"structuralObjectClass"}, .most = kNamesInPage};
  do {
    auto answer = PIGEON_TRY(connection.ask({question}, deadline)).front();
    if (answer.code == LDAP_SIZELIMIT_EXCEEDED && question.most != 0) {
      question.most = 0;
      question.page = kNamesInPage;
      answer = PIGEON_TRY(connection.ask({question}, deadline)).front();
    }
    if (answer.code == LDAP_REFERRAL) {
      return context.referrals.follow<Names>(
          answer.referral, dn, hops, deadline,
          [&](Connection& other, const std::string& there, Deadline until) {
            return names_below(other, context, there, hops + 1, until);
          });
    }
    if (answer.code != LDAP_SUCCESS)
      return connection.refused(answer, "list what is below " + pigeon::printable(dn));
    for (const auto& entry : answer.entries) {
      // Aliases are other names of what is listed elsewhere; other entries are not of the tree.
      if (!is_object(entry)) continue;
      const auto name = name_of(entry.dn);
      if (!name) return strange(pigeon::printable(entry.dn) + " has a name that no object can have");
      names.push_back(*name);
    }
    for (const auto& uris : answer.references) {
      const auto place = uris.empty() ? std::nullopt : place_of(uris.front());
      const auto name = place ? name_of(place->dn) : std::nullopt;
      if (!name) return strange("a referral leads to another DN than its own");
      names.push_back(*name);
    }
    question.cookie = answer.cookie;
  } while (!question.cookie.empty());
  return names;
}

Result<std::optional<Listing::Level>> Listing::take(Connection& connection, Context& context,
                                                    const pigeon::Page& request, Deadline deadline) {
  for (auto kept = levels_.begin(); kept != levels_.end() && !request.after.empty(); ++kept) {
    if (kept->path != request.path || kept->after != request.after) continue;
    auto level = std::move(*kept);
    levels_.erase(kept);
    return level;
  }
  // The root, the parent and the object, for what is not there.
  const auto found = PIGEON_TRY(Reader(connection, context, deadline).find(request.path, 0));
  if (!found) return std::nullopt;
  Level level = {.path = request.path, .dn = found->entry.dn, .after = request.after, .names = {}};
  level.names = PIGEON_TRY(names_below(connection, context, level.dn, 0, deadline));
  std::sort(level.names.begin(), level.names.end());
  const auto next = std::upper_bound(level.names.begin(), level.names.end(), request.after);
  level.next = request.after.empty() ? 0 : static_cast<std::size_t>(next - level.names.begin());
  return level;
}

Result<std::optional<Objects>> Listing::page(Connection& connection, Context& context,
                                             const pigeon::Page& request, Deadline deadline) {
  auto level = PIGEON_TRY(take(connection, context, request, deadline));
  if (!level) return std::nullopt;
  Objects objects;
  while (objects.size() < request.limit && level->next < level->names.size()) {
    std::vector<Question> questions = {Reader(connection, context, deadline).root_question()};
    const auto many = std::min({kAtOnce, request.limit - objects.size(), level->names.size() - level->next});
    for (std::size_t i = 0; i < many; ++i) {
      questions.push_back({.dn = dn_of(TreePath().child(level->names[level->next + i]), level->dn),
                           .types = Reader::types()});
    }
    auto answers = PIGEON_TRY(connection.ask(questions, deadline));
    Reader reader(connection, context, deadline);
    PIGEON_TRY(reader.check_root(answers.front()));
    for (std::size_t i = 0; i < many; ++i, ++level->next) {
      const auto path = request.path.child(level->names[level->next]);
      level->after = level->names[level->next];
      const auto& answer = answers[i + 1];
      // Removed since its name was read.
      if (answer.code == LDAP_NO_SUCH_OBJECT) continue;
      if (answer.code == LDAP_REFERRAL) {
        auto found = PIGEON_TRY(Reader(connection, context, deadline).find(path, 0));
        if (found) objects.push_back(std::move(found->objects.front()));
        continue;
      }
      if (answer.code != LDAP_SUCCESS || answer.entries.size() != 1) {
        return connection.refused(answer, "read " + path.text());
      }
      objects.push_back(PIGEON_TRY(reader.object_of(answer.entries.front(), path)));
    }
  }
  // The last names were of what is gone: nothing is lost if the next call begins anew.
  if (!objects.empty() && level->next < level->names.size()) levels_.push_front(*std::move(level));
  if (levels_.size() > kLevelsKept) levels_.pop_back();
  return objects;
}

}  // namespace datatree_ldap
