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

Result<bool> Listing::begin(Connection& connection, Context& context, const pigeon::Page& request,
                            Deadline deadline) {
  forget();
  // The root, the parent and the object, for what is not there.
  const auto found = PIGEON_TRY(Reader(connection, context, deadline).find(request.path, 0));
  if (!found) return false;
  const auto base = parse_dn(found->entry.dn);
  if (!base) return connection.unavailable("list " + request.path.text() + ": its DN cannot be read");
  dn_ = found->entry.dn;
  names_.clear();
  Question question{.dn = dn_, .scope = Scope::one, .types = {"structuralObjectClass"}, .page = kNamesInPage};
  do {
    const auto answer = PIGEON_TRY(connection.ask({question}, deadline)).front();
    if (answer.code != LDAP_SUCCESS) return connection.refused(answer, "list " + request.path.text());
    for (const auto& entry : answer.entries) {
      const auto dn = parse_dn(entry.dn);
      const auto path = dn ? path_of(*dn, *base) : std::nullopt;
      // Aliases are other names of what is listed elsewhere; other entries are not of the tree.
      if (!is_object(entry)) continue;
      if (!path || path->depth() != 1) {
        return connection.unavailable("list " + request.path.text() + ": " + pigeon::printable(entry.dn) +
                                      " has a name that no object can have");
      }
      names_.push_back(path->name());
    }
    for (const auto& uris : answer.references) {
      const auto place = uris.empty() ? std::nullopt : place_of(uris.front());
      const auto dn = place ? parse_dn(place->dn) : std::nullopt;
      const auto path = dn ? path_of(*dn, *base) : std::nullopt;
      if (!path || path->depth() != 1) {
        return connection.unavailable("list " + request.path.text() +
                                      ": a referral below it leads to another DN");
      }
      names_.push_back(path->name());
    }
    question.cookie = answer.cookie;
  } while (!question.cookie.empty());
  std::sort(names_.begin(), names_.end());
  next_ = static_cast<std::size_t>(std::upper_bound(names_.begin(), names_.end(), request.after) -
                                   names_.begin());
  if (request.after.empty()) next_ = 0;
  after_ = request.after;
  path_ = request.path;
  return true;
}

Result<std::optional<Objects>> Listing::page(Connection& connection, Context& context,
                                             const pigeon::Page& request, Deadline deadline) {
  const bool goes_on = path_ == request.path && after_ == request.after && !request.after.empty();
  if (!goes_on && !PIGEON_TRY(begin(connection, context, request, deadline))) return std::nullopt;
  const auto base = context.options.base;
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
