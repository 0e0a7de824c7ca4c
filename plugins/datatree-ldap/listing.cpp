// SPDX-License-Identifier: MIT
#include "listing.hpp"

#include <pigeon/sdk/text.hpp>

#include <algorithm>

namespace datatree_ldap {
namespace {

constexpr int kNamesInPage = 1000;
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
  Question question{.dn = dn, .scope = Scope::one, .types = {"structuralObjectClass"}, .page = kNamesInPage};
  do {
    const auto answer = PIGEON_TRY(connection.ask({question}, deadline)).front();
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

Result<bool> Listing::begin(Connection& connection, Context& context, const pigeon::Page& request,
                            Deadline deadline) {
  forget();
  // The root, the parent and the object, for what is not there.
  const auto found = PIGEON_TRY(Reader(connection, context, deadline).find(request.path, 0));
  if (!found) return false;
  dn_ = found->entry.dn;
  names_ = PIGEON_TRY(names_below(connection, context, dn_, 0, deadline));
  std::sort(names_.begin(), names_.end());
  const auto next = std::upper_bound(names_.begin(), names_.end(), request.after);
  next_ = request.after.empty() ? 0 : static_cast<std::size_t>(next - names_.begin());
  after_ = request.after;
  path_ = request.path;
  return true;
}

Result<std::optional<Objects>> Listing::page(Connection& connection, Context& context,
                                             const pigeon::Page& request, Deadline deadline) {
  const bool goes_on = path_ == request.path && after_ == request.after && !request.after.empty();
  if (!goes_on && !PIGEON_TRY(begin(connection, context, request, deadline))) return std::nullopt;
  Objects objects;
  while (objects.size() < request.limit && next_ < names_.size()) {
    std::vector<Question> questions = {Reader(connection, context, deadline).root_question()};
    const auto many = std::min({kAtOnce, request.limit - objects.size(), names_.size() - next_});
    for (std::size_t i = 0; i < many; ++i) {
      questions.push_back({.dn = dn_of(TreePath().child(names_[next_ + i]), dn_), .types = Reader::types()});
    }
    auto answers = PIGEON_TRY(connection.ask(questions, deadline));
    Reader reader(connection, context, deadline);
    PIGEON_TRY(reader.check_root(answers.front()));
    for (std::size_t i = 0; i < many; ++i, ++next_) {
      const auto path = request.path.child(names_[next_]);
      after_ = names_[next_];
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
  if (objects.empty() || next_ == names_.size()) forget();
  return objects;
}

}  // namespace datatree_ldap
