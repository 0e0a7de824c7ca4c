// SPDX-License-Identifier: MIT
#include "mail_users.hpp"

#include "merge.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/tree_words.hpp>

#include <string>
#include <vector>

namespace mail_users {

using pigeon::Outcome;
using pigeon::Result;
using pigeon::Run;
using pigeon::Slice;

Result<std::unique_ptr<MailUsers>> MailUsers::open(pigeon::Host /*host*/,
                                                   const pigeon::Settings& /*settings*/) {
  return std::make_unique<MailUsers>();
}

Result<Outcome> MailUsers::run(Run& run) {
  const auto user = PIGEON_TRY(find(run));
  if (!user) return Outcome::go_on;
  PIGEON_TRY(run.set_principal(*user));
  const auto merged = PIGEON_TRY(merge(run.order(), user->children, run.domain().children));
  std::vector<pigeon::Step> steps;
  for (const auto& each : merged) {
    run.explain(each.step.module + ": " + each.step.object.path + " (" + each.why + ")");
    steps.push_back(each.step);
  }
  PIGEON_TRY(run.replace_steps(steps));
  return Outcome::go_on;
}

// The whole local part first: "info+news" may be a user of its own. Then the user before the detail.
Result<std::optional<Slice>> MailUsers::find(Run& run) {
  std::vector<std::string> names = {std::string(run.envelope().local_part())};
  if (run.envelope().user() != names.front()) names.emplace_back(run.envelope().user());
  for (const auto& name : names) {
    auto found = PIGEON_TRY(run.fetch(name));
    run.explain("user " + pigeon::printable(name) + (found ? " found" : " is not there"));
    if (!found) continue;
    if (pigeon::same_name(found->object.objectclass, pigeon::tree::kUser)) return found;
    return pigeon::misconfigured(found->object.path + " is a " + found->object.objectclass +
                                 ", where users are")
        .with_remedy("pigeonctl tree remove " + pigeon::shell_word(found->object.path) +
                     ", and add the user");
  }
  return std::nullopt;
}

}  // namespace mail_users
