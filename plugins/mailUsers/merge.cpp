// SPDX-License-Identifier: MIT
#include "merge.hpp"

#include <pigeon/sdk/tree_words.hpp>

namespace mail_users {
namespace {

using pigeon::Object;
using pigeon::Result;

struct Choice {
  const Object* object;
  std::string why;
};

Result<Choice> choose(const Object* user, const Object* domain) {
  // Both flags of both sides are looked at, whatever they decide: a mistake must not wait for the day it
  // matters.
  const bool user_force = user != nullptr && PIGEON_TRY(pigeon::is_forced(*user));
  const bool domain_force = domain != nullptr && PIGEON_TRY(pigeon::is_forced(*domain));
  for (const auto* side : {user, domain}) {
    if (side != nullptr) PIGEON_TRY(pigeon::is_enabled(*side));
  }
  if (domain == nullptr) return Choice{user, "the user's, the domain has none"};
  if (user == nullptr) return Choice{domain, "the domain's, the user has none"};
  if (!domain_force) return Choice{user, "the user's"};
  if (user_force) return Choice{user, "the user's, forced on both sides"};
  return Choice{domain, "the domain's, forced"};
}

}  // namespace

Result<std::vector<Merged>> merge(const std::vector<std::string>& order, const std::vector<Object>& user,
                                  const std::vector<Object>& domain) {
  std::vector<Merged> merged;
  for (const auto& module : order) {
    const auto* of_user = PIGEON_TRY(pigeon::only_of_class(user, module));
    const auto* of_domain = PIGEON_TRY(pigeon::only_of_class(domain, module));
    if (of_user == nullptr && of_domain == nullptr) continue;
    auto choice = PIGEON_TRY(choose(of_user, of_domain));
    const bool enabled = PIGEON_TRY(pigeon::is_enabled(*choice.object));
    merged.push_back({{module, *choice.object, enabled}, choice.why + (enabled ? "" : "; off")});
  }
  return merged;
}

}  // namespace mail_users
